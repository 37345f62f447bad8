//! What to do about an API error. The first row of the table that matches gives the hint.

use crate::cloudflare::{Error, TransportKind};

struct Row {
    code: u32,
    /// The words that the API's message must contain. Empty: any message matches.
    says: &'static str,
    hint: &'static str,
}

const fn row(code: u32, says: &'static str, hint: &'static str) -> Row {
    Row { code, says, hint }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(9109, "from location",
        "The provider's credential cannot be used from this address. It has an IP condition that excludes the address, or an \
         empty condition, which excludes every address. Run from an allowed address, or change the token's condition in the \
         dashboard."),
    row(9109, "user-level",
        "An account-owned token cannot manage the tokens of users. Give the provider a user token with `API Tokens Write`, or \
         manage account-owned tokens instead."),
    row(9109, "invalid access token",
        "The provider's credential was deleted, rolled or revoked, or it has expired. Give the provider another credential."),
    row(9109, "",
        "The provider's credential cannot manage tokens here. It needs `Account API Tokens Write` on this account (for tokens \
         of a user: `API Tokens Write`). To read, `… Read` is enough. Or the account is wrong: compare `account_id` with the \
         account in the path above."),
    row(6003, "",
        "The provider's credential is not in the form that the API expects. An API token goes into `api_token`. The global \
         API key goes into `api_key`, together with `email`. Look for quotation marks, spaces or a missing part."),
    row(9103, "", "The global API key and the e-mail address do not belong together. Correct `api_key` or `email`."),
    row(9106, "", "The API received no credential. Look for a proxy that removes headers, or for an empty variable."),
    row(10502, "",
        "The API received too many requests with a bad credential. Correct the credential, wait some minutes, and run again."),
    row(10001, "", "This endpoint does not take credentials of this kind. Give the provider an API token, or the global API \
         key if it has one already."),
    row(1000, "",
        "The API does not know the provider's credential. It is mistyped or was deleted. Or it is an account-owned token \
         (`cfat_…`) where the API needs a user token (`cfut_…`), or the other way round."),
    row(10000, "",
        "The provider's credential lacks a permission, or it was made seconds ago and the API does not know it everywhere yet. \
         Tokens need `Account API Tokens Write`, Workers secrets need `Workers Scripts Write`, and the Secrets Store needs \
         `Secrets Store Write`. Or the account is wrong: compare `account_id` with the account in the path above."),
    row(1001, "failed common permission check",
        "There are two possible reasons. The provider's credential lacks that permission group on that resource: a credential \
         can only grant what it has. Or the group's scope and the resource do not match: zone-scoped groups go with zones, \
         account-scoped groups with the account, and one policy cannot mix them."),
    row(1001, "nest zone under",
        "In an account-owned token, the key for all zones, `com.cloudflare.api.account.zone.*`, must be nested under the \
         account's key. Only the key of one zone may stand alone."),
    row(1001, "not a supported resource type",
        "The API does not know that resource key. The key of a zone is `com.cloudflare.api.account.zone.<zone id>`, without an \
         account id."),
    row(1001, "permission group",
        "API tokens have no permission group with this id. Roles of members have groups with the same names but other ids, \
         which tokens cannot use. Write the group's name, or its id from the data source \
         cloudflare_api_token_permission_groups."),
    row(1001, "reusing existing policies",
        "The request contained ids of policies. This is a bug in the provider: please report it."),
    row(1001, "account id is invalid",
        "The account does not exist, or the provider's credential cannot see it. Check `account_id`."),
    row(1001, "does not support account owned tokens",
        "This needs a user token or the global API key. Give the provider one of them."),
    row(7003, "",
        "An id in the path is malformed. Check `account_id`, which has 32 hexadecimal digits, and the token's id."),
    row(7000, "", "The endpoint does not exist. Check `base_url`: it ends in `/client/v4`."),
    row(7001, "", "An id in the path is empty. Check `account_id` and the other ids in the configuration."),
    row(10007, "",
        "The Worker does not exist. Deploy it first, because a secret belongs to a script. Or correct `script_name` or \
         `account_id`."),
    row(10053, "",
        "The Worker has a binding of another type with this name. Choose another name, or remove that binding."),
    row(10056, "",
        "The Worker has no secret with this name: something else has removed it. Run `terraform plan`, which notices that and \
         plans to put the secret again."),
    row(10054, "", "The secret is larger than Workers allow. Store a smaller value."),
    row(10055, "", "The Worker has as many bindings as Workers allow. Remove one first."),
    row(10214, "", GRADUAL),
    row(10215, "", GRADUAL),
];

const GRADUAL: &str = "The Worker's latest version is not deployed. It may be a gradual deployment, or an upload without a \
                       deployment. Deploy the version, then apply again.";

/// What to do about an error, if that is known.
pub(super) fn hint(error: &Error) -> Option<String> {
    lacking(error).or_else(|| general(error).map(str::to_owned))
}

/// The hint for a refusal in which the API names the permission group that the credential lacks.
fn lacking(error: &Error) -> Option<String> {
    let refusal = error.errors().iter().find(|error| {
        error.code == 1001 && error.message.to_ascii_lowercase().contains("failed common permission check")
    })?;
    let (_, rest) = refusal.message.split_once("Permission group: \"")?;
    let (group, _) = rest.split_once('"')?;
    Some(format!(
        "The provider's credential lacks \"{group}\" on that resource, and a credential can only grant what it has. Add the \
         permission group to the token that the provider authenticates with, on the same account or zones. Or remove the group \
         from the policy.\n\nIf the credential has the group, the group's scope and the resource do not match: zone-scoped \
         groups go with zones, account-scoped groups with the account."
    ))
}

fn general(error: &Error) -> Option<&'static str> {
    match error {
        _ if error.is_rate_limited() => Some(
            "Cloudflare allows 1200 requests in five minutes for each user or account token, whatever program sends them. \
             Wait five minutes and run again. To avoid the limit, lower Terraform's -parallelism or raise `max_retries`.",
        ),
        Error::Unsettled { last, .. } => general(last),
        Error::Api { .. } => TABLE
            .iter()
            .find(|row| error.has_code(row.code) && (row.says.is_empty() || error.says(row.says)))
            .map(|row| row.hint),
        Error::Malformed { .. } if error.is_ambiguous() => None,
        Error::Malformed { .. } => Some(
            "Another server answered instead of the API, such as a proxy. Check `base_url` and any proxy between this host and \
             Cloudflare.",
        ),
        Error::Transport { kind: TransportKind::Connect, .. } => Some(
            "Check the network, any proxy (HTTPS_PROXY, NO_PROXY), the system's root certificates, and `base_url`.",
        ),
        Error::Transport { kind: TransportKind::Timeout, .. } => {
            Some("Run again. If the API is always this slow, raise `request_timeout`.")
        }
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use http::Method;

    use super::*;
    use crate::cloudflare::ApiError;

    /// Every code with the words that select its hint.
    pub(in crate::provider::wording) fn codes() -> impl Iterator<Item = (u32, &'static str)> {
        TABLE.iter().map(|row| (row.code, row.says))
    }

    pub(in crate::provider::wording) fn refused(status: u16, code: u32, message: &str) -> Error {
        Error::Api {
            status,
            errors: vec![ApiError {
                code,
                message: message.into(),
                pointer: None,
                documentation_url: None,
                chain: vec![],
            }],
            method: Method::GET,
            path: "/user/tokens".to_owned(),
            ray: None,
            retry_after: None,
        }
    }

    #[test]
    fn every_row_is_the_answer_to_its_own_code_and_words() {
        for row in TABLE {
            let error = refused(400, row.code, row.says);
            assert_eq!(general(&error), Some(row.hint), "an earlier row hides {} {:?}", row.code, row.says);
        }
    }

    #[test]
    fn the_meanings_of_9109_have_hints_of_their_own() {
        let hint = |message| hint(&refused(403, 9109, message)).unwrap();
        assert!(hint("Cannot use the access token from location: 192.0.2.1").contains("IP condition"));
        assert!(hint("Valid user-level authentication not found").contains("account-owned token cannot"));
        assert!(hint("Invalid access token").contains("deleted"));
        assert!(hint("Unauthorized to access requested resource").contains("Account API Tokens Write"));
    }

    #[test]
    fn the_hint_names_the_permission_group_that_the_credential_lacks() {
        let words = "Failed common permission check against resources. (Permission group: \"DNS Write\")";
        let named = hint(&refused(400, 1001, words)).unwrap();
        assert!(named.starts_with("The provider's credential lacks \"DNS Write\""), "{named}");
        let unnamed = hint(&refused(400, 1001, "Failed common permission check against resources.")).unwrap();
        assert!(unnamed.contains("lacks that permission group"), "{unnamed}");
    }

    #[test]
    fn an_unknown_code_has_no_hint() {
        assert_eq!(hint(&refused(400, 424242, "what")), None);
    }
}
