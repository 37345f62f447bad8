//! What will become of a token.

use super::{AccountApiToken, TokenModel, has_ended};
use crate::provider::session::{Mode, owner};
use crate::provider::{account, checks, policies, wording};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path, Planning, Value};

impl AccountApiToken {
    pub(super) async fn plan_token(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let prior_account = planning.prior.as_ref().map(|prior| &prior.account_id);
        let mut found = account::plan(
            &self.session,
            &planning.config.account_id,
            prior_account,
            &mut planning.planned.account_id,
            &mut planning.requires_replace,
        );
        found.extend(plan_ended(planning));
        found.extend(self.plan_policies(planning).await);
        found.extend(self.plan_value(planning));
        let planned = &mut planning.planned;
        if planning.config.exclusive_policies.is_null() {
            planned.exclusive_policies = match planned.policies {
                Value::Unknown => Value::Unknown,
                Value::Null => Value::Known(false),
                Value::Known(_) => Value::Known(true),
            };
        }
        if let (Some(id), Value::Known(true)) = (planned.id.as_str(), &planned.exclusive_policies)
            && !self.session.agree(id, Mode::Exclusive)
        {
            found.push(wording::exclusive_and_bound(id).at(Path::of("exclusive_policies")));
        }
        if let (Some(prior), Value::Known(status)) = (&planning.prior, &planning.planned.status) {
            if status == "disabled" && prior.status.as_str() != Some("disabled") {
                found.extend(self.guard_own(prior, "disabled").await);
            }
        }
        found
    }

    async fn plan_policies(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let (Some(tokens), Ok(owner)) = (self.session.tokens(), owner(&planning.planned.account_id)) else {
            // It is all checked again at apply, when it is known.
            return Diagnostics::none();
        };
        let none = Value::Null;
        let prior = planning.prior.as_ref().map_or(&none, |prior| &prior.policies);
        policies::plan_since(&tokens, &owner, prior, &planning.private.owned, &mut planning.planned.policies)
            .await
    }

    /// Refuses to cut the provider off from the API.
    pub(super) async fn guard_own(&self, prior: &TokenModel, done: &str) -> Diagnostics {
        let (Some(tokens), Ok(owner)) = (self.session.tokens(), owner(&prior.account_id)) else {
            return Diagnostics::none();
        };
        match tokens.own_token_id(&owner).await {
            Ok(own) if own.as_deref() == prior.id.as_str() => wording::own_token(done).into(),
            Ok(_) => Diagnostics::none(),
            Err(error) => {
                wording::api("Could not tell which token the provider authenticates with", &error).into()
            }
        }
    }
}

/// A token that has expired or was revoked is replaced, if the configuration lets the new one live.
fn plan_ended(planning: &mut Planning<AccountApiToken>) -> Diagnostics {
    let Some(prior) = &planning.prior else { return Diagnostics::none() };
    let Some(status) = prior.status.as_str().filter(|status| has_ended(status)) else {
        return Diagnostics::none();
    };
    let configured = &planning.config.expires_on;
    let same_expiry = checks::same_instant(&configured.to_raw(), &prior.expires_on.to_raw());
    let lives = match configured {
        Value::Null | Value::Unknown => true,
        Value::Known(text) => {
            let later = |before: &String| checks::instant(text) > checks::instant(before);
            if status == "expired" {
                !same_expiry && prior.expires_on.known().is_none_or(later)
            } else {
                true
            }
        }
    };
    if lives {
        planning.requires_replace.push(Path::of("status"));
        planning.planned.status =
            if planning.config.status.is_null() { Value::Unknown } else { planning.config.status.clone() };
        return Diagnostics::none();
    }
    planning.planned.status = prior.status.clone();
    let at = prior.expires_on.as_str().unwrap_or("its end");
    let detail = format!(
        "It stopped working on {at}, and the configuration still has that as `expires_on`, so that a new token would be \
         dead at birth. Set a later `expires_on`, or leave it out, and the token is replaced."
    );
    Diagnostic::warning("The token has expired", detail).at(Path::of("expires_on")).into()
}
