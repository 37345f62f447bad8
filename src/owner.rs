//! Who owns an API token: the one idea that the API's paths, the policy domain and the resource types share. It imports
//! nothing.

/// The owner of API tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// An account, by its id. Its tokens stand at `/accounts/<id>/tokens`, and their wildcard resources nest under it.
    Account(String),
    /// The user who authenticates. The user's tokens stand at `/user/tokens`, and their resources are flat.
    User,
}
