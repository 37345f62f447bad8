//! Which token does the provider authenticate with? It must not delete, disable or roll that one, nor end or restrict it.

use secrecy::ExposeSecret;
use time::OffsetDateTime;

use super::op::Op;
use crate::cloudflare::{
    Client, CredentialFormat, Credentials, Error, Owner, Verification, credential_format, tokens,
};

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
    /// Reads the kind from the value's documented prefix.
    pub fn of(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::Key { .. } => OwnToken::None,
            Credentials::Token(value) => match credential_format(value.expose_secret()) {
                Some(CredentialFormat::AccountToken) => OwnToken::OfAccount,
                Some(CredentialFormat::UserToken) => OwnToken::OfUser,
                _ => OwnToken::Unknown,
            },
        }
    }
}

/// Would this cut off whoever authenticates with the token? A condition may: from which address the API sees its callers
/// come, they cannot tell.
pub(super) fn cuts_off(op: &Op, now: OffsetDateTime) -> bool {
    match op {
        Op::Roll | Op::Delete => true,
        // This process has made it.
        Op::Discard => false,
        Op::Change(change) => {
            let fields = &change.fields;
            fields.status.as_deref() == Some("disabled")
                || fields.expires_on.flatten().is_some_and(|end| end <= now)
                || fields.not_before.flatten().is_some_and(|start| start > now)
                || fields.condition.as_ref().is_some_and(Option::is_some)
        }
    }
}

/// Asks where the token can be verified. None where it is said to be no token of that owner.
///
/// # Errors
/// Those of the client, and any other refusal: it may pass, and says nothing of whose token it is.
pub(super) async fn ask(
    client: &Client,
    own: OwnToken,
    owner: &Owner,
) -> Result<Option<Verification>, Error> {
    let account = matches!(owner, Owner::Account(_)).then_some(owner);
    let places: Vec<&Owner> = match own {
        OwnToken::None => Vec::new(),
        OwnToken::OfUser => vec![&Owner::User],
        OwnToken::OfAccount => account.into_iter().collect(),
        OwnToken::Unknown => account.into_iter().chain([&Owner::User]).collect(),
    };
    let mut refused = None;
    for place in places {
        match client.send(tokens::verify(place)).await {
            Ok(verified) => return Ok(Some(verified)),
            Err(error) if is_of_another(&error) => {}
            Err(error) if error.is_auth() => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    refused.map_or(Ok(None), Err)
}

/// Does this mean that the token is of another owner? Each owner's endpoint calls the others' tokens invalid.
fn is_of_another(error: &Error) -> bool {
    error.is_unknown_credential() || error.is_not_found() || error.is_policy_rejection()
}
