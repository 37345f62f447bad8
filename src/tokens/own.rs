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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::{ApiError, Condition};
    use crate::tokens::{Change, Fields};

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(second).unwrap()
    }

    #[test]
    fn a_value_shows_whose_token_it_is() {
        let kind = |value: &str| OwnToken::of(&Credentials::Token(value.into()));
        assert_eq!(kind("cfat_x"), OwnToken::OfAccount);
        assert_eq!(kind("cfut_x"), OwnToken::OfUser);
        assert_eq!(kind("an old token"), OwnToken::Unknown);
        let key = Credentials::Key { email: "a@example.com".to_owned(), key: "cfk_x".into() };
        assert_eq!(OwnToken::of(&key), OwnToken::None);
    }

    #[test]
    fn what_ends_or_restricts_a_token_cuts_its_user_off() {
        let now = at(100);
        let cuts = |fields| cuts_off(&Op::from(Change { fields, ..Change::default() }), now);
        let status = |status: &str| Fields { status: Some(status.to_owned()), ..Fields::default() };
        let ends = |end| Fields { expires_on: Some(end), ..Fields::default() };
        let starts = |start| Fields { not_before: Some(start), ..Fields::default() };
        let condition = |condition| Fields { condition: Some(condition), ..Fields::default() };
        for fields in [
            status("disabled"),
            ends(Some(now)),
            starts(Some(at(101))),
            condition(Some(Condition::default())),
        ] {
            assert!(cuts(fields.clone()), "{fields:?}");
        }
        for fields in [
            Fields::default(),
            status("active"),
            ends(None),
            ends(Some(at(101))),
            starts(None),
            starts(Some(now)),
            condition(None),
        ] {
            assert!(!cuts(fields.clone()), "{fields:?}");
        }
        assert!(cuts_off(&Op::Roll, now) && cuts_off(&Op::Delete, now) && !cuts_off(&Op::Discard, now));
    }

    #[test]
    fn only_some_refusals_say_that_the_token_is_of_another_owner() {
        let refused = |status, code| {
            let message = "no".to_owned();
            let error = ApiError { code, message, pointer: None, documentation_url: None, chain: vec![] };
            let (method, path) = (http::Method::GET, "/verify".to_owned());
            is_of_another(&Error::Api {
                status,
                errors: vec![error],
                method,
                path,
                ray: None,
                retry_after: None,
            })
        };
        assert!(refused(401, 1000) && refused(404, 1003) && refused(400, 1001));
        assert!(!refused(403, 9109) && !refused(500, 0) && !refused(429, 971));
    }
}
