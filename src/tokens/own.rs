//! Which token does the provider authenticate with? It must not delete, disable or roll that one.

use secrecy::ExposeSecret;

use crate::cloudflare::{Client, Credentials, Error, Owner, tokens};

/// What kind of token the client has: each can be verified at its owner's endpoint only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnToken {
    /// Not told by its value, as with old ones.
    #[default]
    Unknown,
    /// An account's.
    OfAccount,
    /// A user's.
    OfUser,
    /// It is no token, but a user's global key.
    None,
}

impl OwnToken {
    /// Goes by the value's first letters, which Cloudflare documents as its formats.
    pub fn of(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::Key { .. } => OwnToken::None,
            Credentials::Token(value) if value.expose_secret().starts_with("cfat_") => OwnToken::OfAccount,
            Credentials::Token(value) if value.expose_secret().starts_with("cfut_") => OwnToken::OfUser,
            Credentials::Token(_) => OwnToken::Unknown,
        }
    }
}

/// Asks where the token can be verified. A refusal means that it is not that owner's.
pub(super) async fn ask(client: &Client, own: OwnToken, owner: &Owner) -> Result<Option<String>, Error> {
    let account = matches!(owner, Owner::Account(_)).then_some(owner);
    let places: Vec<&Owner> = match own {
        OwnToken::None => Vec::new(),
        OwnToken::OfUser => vec![&Owner::User],
        OwnToken::OfAccount => account.into_iter().collect(),
        OwnToken::Unknown => account.into_iter().chain([&Owner::User]).collect(),
    };
    for place in places {
        match client.send(tokens::verify(place)).await {
            Ok(verified) => return Ok(Some(verified.id)),
            Err(error) if error.is_auth() || error.is_not_found() || error.is_policy_rejection() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
