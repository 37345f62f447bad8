//! Finds the token that the client authenticates with. The client must not delete, disable, roll, end or restrict it.

use secrecy::ExposeSecret;
use time::OffsetDateTime;

use super::op::Op;
use crate::cloudflare::{
    Client, CredentialFormat, Credentials, Error, Owner, Verification, credential_format, tokens,
};

/// The kind of token that the client has. Each kind can be verified only at its owner's endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnToken {
    /// The value does not show it. Old tokens are so.
    #[default]
    Unknown,
    /// An account's.
    OfAccount,
    /// A user's.
    OfUser,
    /// The credential is no token, but a user's global key.
    None,
}

impl OwnToken {
    /// Reads the kind from the value's documented prefix.
    pub fn of(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::Key { .. } => Self::None,
            Credentials::Token(value) => match credential_format(value.expose_secret()) {
                Some(CredentialFormat::AccountToken) => Self::OfAccount,
                Some(CredentialFormat::UserToken) => Self::OfUser,
                _ => Self::Unknown,
            },
        }
    }
}

/// Whether this operation would end the access of a client that authenticates with the token. A condition may: the client
/// does not know from which address the API sees its requests.
pub(super) fn cuts_off(op: &Op, now: OffsetDateTime) -> bool {
    match op {
        Op::Roll | Op::Delete => true,
        // This process has made the token, so it is not the credential.
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

/// Verifies the client's token at the owner's endpoint. `None` if the API says that the token belongs to another owner.
///
/// # Errors
/// Those of the client, and any other refusal: the refusal may be temporary, and does not show who owns the token.
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

/// Whether the error means that the token belongs to another owner.
fn is_of_another(error: &Error) -> bool {
    error.is_unknown_credential() || error.is_not_found() || error.is_policy_rejection()
}
