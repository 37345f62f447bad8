//! What will become of a token.

use std::time::Duration;

use time::OffsetDateTime;

use super::{AccountApiToken, Private, TokenModel, has_ended};
use crate::provider::session::{Mode, owner};
use crate::provider::{account, checks, guardrails, policies, wording};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path, Planning, Value};
use crate::tokens::TokenPolicies;

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
        found.extend(self.guard(planning.prior.as_ref(), &planning.planned).await);
        let planned = &mut planning.planned;
        if planning.config.exclusive_policies.is_null() {
            planned.exclusive_policies = match planned.policies {
                Value::Unknown => Value::Unknown,
                Value::Null => Value::Known(false),
                Value::Known(_) => Value::Known(true),
            };
        }
        if releases(planning.prior.as_ref(), planned, &planning.private) {
            let said = !planning.config.exclusive_policies.is_null();
            found.push(if said { released() } else { undecided() });
        }
        if let (Some(id), Value::Known(true)) = (planned.id.as_str(), &planned.exclusive_policies)
            && !self.session.agree(id, Mode::Exclusive)
        {
            found.push(wording::exclusive_and_bound(id).at(Path::of("exclusive_policies")));
        }
        found.extend(self.plan_exclusive(planning).await);
        if let (Some(prior), Some(done)) = (&planning.prior, cut_off(planning)) {
            found.extend(self.guard_own(prior, done).await);
        }
        found
    }

    /// Where the policies become exclusive, those of others are in no state, so no plan would show that they go.
    async fn plan_exclusive(&self, planning: &Planning<Self>) -> Diagnostics {
        let Planning { planned, private, requires_replace, .. } = planning;
        let Some(prior) = planning.prior.as_ref().filter(|_| requires_replace.is_empty()) else {
            return Diagnostics::none();
        };
        let exclusive = |model: &TokenModel| model.exclusive_policies == Value::Known(true);
        let (Some(tokens), Ok(owner), Some(id)) =
            (self.session.tokens(), owner(&prior.account_id), prior.id.as_str())
        else {
            return Diagnostics::none();
        };
        if !exclusive(planned) || exclusive(prior) {
            return Diagnostics::none();
        }
        let token = match tokens.get(&owner, id).await {
            Ok(Some(token)) => token,
            Ok(None) => return Diagnostics::none(),
            Err(error) => return wording::api(&format!("Could not read the API token {id}"), &error).into(),
        };
        let mut seen = TokenPolicies::of(&token, &owner);
        // The own ones are in the state: the plan shows what becomes of them.
        seen.policies.retain(|fingerprint, _| !private.owned.contains(fingerprint));
        match policies::others(&tokens, &owner, &planned.policies, &seen).await {
            Ok(others) if others.is_empty() => Diagnostics::none(),
            Ok(others) => taken_over(&others).into(),
            Err(diagnostics) => diagnostics,
        }
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

    /// Holds a planned token against the provider's guardrails. Its end is measured from now, unless it has had it before:
    /// nobody is refused because time goes by.
    pub(super) async fn guard(&self, prior: Option<&TokenModel>, planned: &TokenModel) -> Diagnostics {
        let guardrails = self.session.guardrails();
        let kept = prior.is_some_and(|prior| prior.expires_on == planned.expires_on);
        let (lifetime, at) = match (&planned.expires_in, &planned.expires_on) {
            (_, Value::Known(_)) if kept => (Value::Unknown, "expires_on"),
            (Value::Null, expires_on) => (expires_on.clone().map(|text| time_until(&text)), "expires_on"),
            (expires_in, _) => (
                expires_in.clone().map(|text| checks::parse_duration(&text).unwrap_or_default()),
                "expires_in",
            ),
        };
        let mut found = wording::breaches(guardrails.lifetime(&lifetime), at);
        found.extend(wording::breaches(guardrails.condition(&planned.condition), "condition"));
        if let Ok(owner) = owner(&planned.account_id) {
            found.extend(guardrails::check_policies(&self.session, &owner, &planned.policies).await);
        }
        found
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

/// Whether the token was imported with policies that the configuration does not claim: bindings may own them, so they are
/// left to whoever does, and not removed.
pub(super) fn releases(prior: Option<&TokenModel>, planned: &TokenModel, private: &Private) -> bool {
    let had = prior.is_some_and(|prior| !prior.policies.is_null());
    private.imported && had && planned.policies.is_null() && planned.exclusive_policies == Value::Known(false)
}

fn undecided() -> Diagnostic {
    Diagnostic::error(
        "What becomes of the policies that the token was imported with is not said",
        "The import took up all policies that the token has, and the configuration has no `policies`. They may be those of \
         bindings, so they are not removed without a word. Set `exclusive_policies = false` to leave them as they are, for \
         bindings to take over, or `exclusive_policies = true` to have them removed.",
    )
    .at(Path::of("policies"))
}

/// The policies of others, in words, that an exclusive token will lose.
fn taken_over(others: &[String]) -> Diagnostic {
    let list: Vec<_> = others.iter().map(|policy| format!("- {policy}")).collect();
    let detail = format!(
        "From now on the token has the policies of `policies` only. Others have added these, and they are removed, whoever \
         needs them:\n{}\nTo keep them, set `exclusive_policies = false`.",
        list.join("\n")
    );
    Diagnostic::warning("The token loses the policies of others", detail).at(Path::of("exclusive_policies"))
}

/// What a plan does that would cut off whoever authenticates with the token.
fn cut_off(planning: &Planning<AccountApiToken>) -> Option<&'static str> {
    let prior = planning.prior.as_ref()?;
    let disabled = |model: &TokenModel| model.status.as_str() == Some("disabled");
    if !planning.requires_replace.is_empty() {
        Some("replaced")
    } else if planning.planned.value_issued_on.is_unknown() {
        Some("rolled")
    } else if disabled(&planning.planned) && !disabled(prior) {
        Some("disabled")
    } else {
        None
    }
}

fn released() -> Diagnostic {
    Diagnostic::warning(
        "The token keeps the policies that it was imported with",
        "The configuration has no `policies`, so the token's resource does not manage those that the token has: they stay, \
         for bindings to take over (import these too).",
    )
    .at(Path::of("policies"))
}

/// How long it is until a timestamp; nothing where it has passed.
fn time_until(text: &str) -> Duration {
    let left = checks::instant(text).map(|at| at - OffsetDateTime::now_utc());
    left.and_then(|left| left.try_into().ok()).unwrap_or_default()
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
