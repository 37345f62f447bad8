//! What to do about an error that the API words opaquely. One table; the first row that fits is the answer.

use super::error::{Error, TransportKind};

struct Row {
    code: u32,
    /// What a message must contain; empty: any.
    says: &'static str,
    hint: &'static str,
}

const fn row(code: u32, says: &'static str, hint: &'static str) -> Row {
    Row { code, says, hint }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(9109, "from location",
        "The credential in use may not be used from this address: it has an IP condition, or an empty one, which refuses \
         every address. Run from an allowed address, or change the condition of that token in the dashboard."),
    row(9109, "user-level",
        "An account-owned token can't manage user tokens. Use a user token with `API Tokens Write`, or manage \
         account-owned tokens instead."),
    row(9109, "invalid access token",
        "The credential in use was deleted, rolled, revoked or has expired. Use a live one."),
    row(9109, "",
        "The credential in use may not manage tokens here. It needs `Account API Tokens Write` on this account (for user \
         tokens: `API Tokens Write`); `… Read` is enough to read. Or it is the wrong account: the one in the path above, which \
         `account_id` says, may not be the credential's."),
    row(6003, "",
        "The credential in use is not in the form that the API expects. An API token goes into `api_token`; the global \
         key into `api_key`, together with `email`. Look for quotes, spaces or a missing part."),
    row(9103, "", "The global key and the e-mail address do not belong together."),
    row(9106, "", "No credential reached the API. Look for a proxy that removes headers, or an empty variable."),
    row(10502, "", "Too many requests with a bad credential. Wait some minutes, and correct it meanwhile."),
    row(10001, "", "The credential in use is of a kind that this endpoint does not take."),
    row(1000, "",
        "The API does not know the credential in use: it is mistyped or was deleted, or an account-owned token (`cfat_`) \
         was used where a user token is wanted, or the other way round."),
    row(10000, "",
        "The credential in use lacks a permission for this, or was made seconds ago and is not known everywhere yet. For \
         tokens it needs `Account API Tokens Write`; for Workers secrets `Workers Scripts Write`, for the \
         Secrets Store `Secrets Store Write`. Or it is the wrong account: \
         the one in the path above, which `account_id` says, may not be the credential's."),
    row(1001, "failed common permission check",
        "Either whoever creates the token lacks that permission group on that resource (nobody can give away what they do \
         not have), or the group's scope and the resource do not match: zone-scoped groups go with zones, account-scoped \
         ones with the account, and one policy must not mix them."),
    row(1001, "nest zone under",
        "In an account-owned token, all zones of an account are written as `com.cloudflare.api.account.zone.*` nested \
         under that account; only a specific zone may stand alone."),
    row(1001, "not a supported resource type",
        "That resource key is not one the API knows. Zones are `com.cloudflare.api.account.zone.<zone id>`, without an \
         account id in between."),
    row(1001, "permission group",
        "The permission group does not exist in the catalogue of API tokens. Member roles have groups with the same \
         names and other ids, which tokens can't use."),
    row(1001, "reusing existing policies",
        "The body held ids of policies. This is a fault of the provider: please report it."),
    row(1001, "account id is invalid", "There is no such account, or the credential can't see it. Check `account_id`."),
    row(1001, "does not support account owned tokens", "This needs a user token or the global key."),
    row(7003, "", "An id in the path is malformed. Check `account_id` (32 hex digits; it may be the wrong account) and the token's \
         id."),
    row(7000, "", "There is no such endpoint. Check `base_url`: it ends in `/client/v4`."),
    row(7001, "", "An id in the path is empty."),
    row(10007, "", "Deploy the Worker first; a secret needs a script to go to. Check `script_name` and `account_id`."),
    row(10053, "",
        "The Worker has a binding of another type under this name. Choose another name, or remove that binding."),
    row(10056, "",
        "The Worker has no secret of this name: it was removed outside Terraform. Run `terraform plan`: it looks again, and \
         plans to put it."),
    row(10054, "", "The secret is larger than Workers allow."),
    row(10055, "", "The Worker has as many bindings as Workers allow."),
    row(10214, "", GRADUAL),
    row(10215, "", GRADUAL),
];

const GRADUAL: &str = "The Worker's latest version is not deployed (a gradual deployment, or an upload without a deploy). \
                       Deploy it, then apply again.";

impl Error {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        lacking(self).or_else(|| hint(self).map(str::to_owned))
    }
}

/// The same, where the API names the permission group that the credential lacks.
fn lacking(error: &Error) -> Option<String> {
    let refusal = error.errors().iter().find(|error| {
        error.code == 1001 && error.message.to_ascii_lowercase().contains("failed common permission check")
    })?;
    let (_, rest) = refusal.message.split_once("Permission group: \"")?;
    let (group, _) = rest.split_once('"')?;
    Some(format!(
        "The provider's credential lacks \"{group}\" on that resource: nobody can give away what they do not have. Give the \
         token that the provider authenticates with that permission group, on the same account or zones, or take the group \
         out of the policy. If the credential has it, the group's scope and the resource do not match: zone-scoped groups go \
         with zones, account-scoped ones with the account."
    ))
}

fn hint(error: &Error) -> Option<&'static str> {
    match error {
        _ if error.is_rate_limited() => Some(
            "Cloudflare allows 1200 requests in five minutes to a user or an account's token, counting all that use it. \
             Wait five minutes, lower Terraform's -parallelism, or raise `max_retries`.",
        ),
        Error::Unsettled { last, .. } => hint(last),
        Error::Api { .. } => TABLE
            .iter()
            .find(|row| error.has_code(row.code) && (row.says.is_empty() || error.says(row.says)))
            .map(|row| row.hint),
        Error::Malformed { .. } if error.is_ambiguous() => None,
        Error::Malformed { .. } => Some(
            "Something between here and Cloudflare answered instead of the API. Check `base_url`, and any proxy.",
        ),
        Error::Transport { kind: TransportKind::Connect, .. } => Some(
            "Check the network, any proxy (HTTPS_PROXY, NO_PROXY), the system's root certificates, and `base_url`.",
        ),
        Error::Transport { kind: TransportKind::Timeout, .. } => {
            Some("Try again; if it is always slow, raise `request_timeout`.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::error::tests::api, *};

    #[test]
    fn every_row_is_the_answer_to_its_own_code_and_words() {
        for row in TABLE {
            let error = api(400, row.code, row.says);
            assert_eq!(
                hint(&error),
                Some(row.hint),
                "{} {:?} is hidden by a row before it",
                row.code,
                row.says
            );
        }
    }

    #[test]
    fn the_many_meanings_of_9109_are_told_apart() {
        let hint = |message| hint(&api(403, 9109, message)).unwrap();
        assert!(hint("Cannot use the access token from location: 192.0.2.1").contains("IP condition"));
        assert!(hint("Valid user-level authentication not found").contains("account-owned token can't"));
        assert!(hint("Invalid access token").contains("deleted"));
        assert!(hint("Unauthorized to access requested resource").contains("Account API Tokens Write"));
    }

    #[test]
    fn the_permission_group_that_the_credential_lacks_is_named() {
        let words = "Failed common permission check against resources. (Permission group: \"DNS Write\")";
        let hint = api(400, 1001, words).hint().unwrap();
        assert!(hint.starts_with("The provider's credential lacks \"DNS Write\""), "{hint}");
        let unnamed = api(400, 1001, "Failed common permission check against resources.").hint().unwrap();
        assert!(unnamed.contains("lacks that permission group"), "{unnamed}");
    }

    #[test]
    fn an_unknown_code_has_no_hint() {
        assert_eq!(hint(&api(400, 424242, "what")), None);
    }
}
