//! A token as it is, in Terraform's state: what the user wrote stays as written while the token means the same.

use super::value::{look, now};
use super::{AccountApiToken, Private, TokenModel};
use crate::cloudflare::{Owner, Token};
use crate::provider::blocks::{condition_block, specs, timestamp};
use crate::provider::policies::matched_since;
use crate::provider::session::owner;
use crate::provider::wording;
use crate::tf_provider::framework::{Applied, Diagnostic, Diagnostics, Path, ReadBack, Value};
use crate::tokens::{TokenPolicies, TokenService};

impl AccountApiToken {
    pub(super) async fn read_token(&self, current: Applied<Self>) -> ReadBack<Self> {
        let Some(tokens) = self.session.tokens() else {
            // The provider's configuration is not known yet: what was known stands.
            return (Some(current), Diagnostics::none());
        };
        let owner = match owner(&current.state.account_id) {
            Ok(owner) => owner,
            Err(diagnostic) => return (Some(current), diagnostic.into()),
        };
        let id = current.state.id.as_str().unwrap_or_default().to_owned();
        match tokens.get(&owner, &id).await {
            Ok(None) => (None, Diagnostics::none()),
            Ok(Some(token)) => refreshed(&tokens, &owner, current, &token).await,
            Err(error) => {
                (Some(current), wording::api(&format!("Could not read the API token {id}"), &error).into())
            }
        }
    }
}

async fn refreshed(
    tokens: &TokenService,
    owner: &Owner,
    current: Applied<AccountApiToken>,
    token: &Token,
) -> ReadBack<AccountApiToken> {
    let mut found = Diagnostics::none();
    let Applied { mut state, private } = current.clone();
    let importing = state.exclusive_policies.is_null();
    let seen = TokenPolicies::of(token, owner);
    let written = specs(&state.policies).unwrap_or_default();
    let matched = match matched_since(tokens, owner, &written, &private.owned, &seen).await {
        Ok(matched) => matched,
        Err(diagnostics) => return (Some(current), diagnostics),
    };
    let all = importing || state.exclusive_policies == Value::Known(true);
    let mut owned = matched.still_owned(&current.private.owned);
    state.policies = matched.value(&state.policies, all);
    if all {
        owned.extend(&matched.foreign_owned);
        if !seen.unreadable.is_empty() {
            found.push(unreadable(&seen));
        }
    }
    if importing {
        state.exclusive_policies = Value::Known(!state.policies.is_null());
        state.store_value = Value::Known(true);
        found.push(value_is_unknown(&token.id));
    }
    observe(&mut state, token);
    let imported = importing || private.imported;
    let seen_on = look(&state, private.seen_on, now().unix_timestamp());
    (Some(Applied { state, private: Private { owned, seen_on, imported } }), found)
}

/// Takes over what the API says of a token, all but its policies and its value.
pub(super) fn observe(state: &mut TokenModel, token: &Token) {
    state.id = token.id.clone().into();
    state.name = token.name.clone().into();
    state.status = token.status.clone().into();
    state.condition = condition_block(&state.condition, token.condition.as_ref());
    state.not_before = timestamp(&state.not_before, token.not_before);
    state.expires_on = timestamp(&state.expires_on, token.expires_on);
    state.issued_on = timestamp(&state.issued_on, token.issued_on);
    state.modified_on = timestamp(&state.modified_on, token.modified_on);
}

fn value_is_unknown(id: &str) -> Diagnostic {
    Diagnostic::warning(
        "The token's value is not known",
        format!(
            "The API tells a token's value when it makes it and never again, so `value` of the imported token {id} is \
             null. Whoever has the value can go on using it. To have one in Terraform, roll the token: set \
             `rotation = {{ triggers = {{ … }} }}` to any value. It gets a new value then, and the old one stops working."
        ),
    )
    .at(Path::of("value"))
}

pub(super) fn unreadable(seen: &TokenPolicies) -> Diagnostic {
    let faults: Vec<_> = seen.unreadable.iter().map(|(_, fault)| format!("- {fault}")).collect();
    Diagnostic::warning(
        "The token has policies of an unknown form",
        format!(
            "They are not shown, and the next change of this token removes them, since its policies are managed \
             exclusively:\n{}",
            faults.join("\n")
        ),
    )
    .at(Path::of("policies"))
}
