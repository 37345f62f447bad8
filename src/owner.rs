//! The owner of an API token. The API's paths, the policy domain and the resource types share this type. It imports
//! nothing.

/// The owner of API tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// An account, by its id. Its tokens are at `/accounts/<id>/tokens`, and their wildcard resources are nested under it.
    Account(String),
    /// The user of the credential. The user's tokens are at `/user/tokens`, and their resources are flat.
    User,
}
