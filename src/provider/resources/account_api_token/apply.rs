//! Making, changing and deleting a token.

use secrecy::SecretString;

use super::refresh::observe;
use super::{AccountApiToken, Private, TokenModel};
use crate::cloudflare::{Owner, Token};
use crate::policy::Policy;
use crate::provider::blocks::condition;
use crate::provider::policies::{fingerprints, resolve};
use crate::provider::session::{Mode, owner};
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Applied, Created, Diagnostic, Diagnostics, Updating, Value};
use crate::tokens::{Change, Fields, NewToken, Op, PolicyChange, TokenService};

impl AccountApiToken {
    pub(super) async fn create_token(&self, planned: TokenModel, mut private: Private) -> Created<Self> {
        let ready = async {
            let tokens = self.session.require()?;
            let owner = owner(&planned.account_id)?;
            self.guard(None, &planned).await.into_result()?;
            let policies = resolve(&tokens, &owner, &planned.policies).await?;
            Ok::<_, Diagnostics>((tokens, owner, policies))
        };
        let (tokens, owner, policies) = match ready.await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        private.owned = fingerprints(&policies);
        let new = new_token(&planned, policies);
        match tokens.create(&owner, new).await {
            Ok(created) => {
                let mut found = wording::concerns(&created.concerns);
                found.extend(wording::left_behind(&created.left_behind));
                if let Some(error) = &created.not_disabled {
                    found.push(wording::write("The API token was created, but could not be disabled", error));
                }
                if planned.exclusive_policies == Value::Known(true)
                    && !self.session.agree(&created.token.id, Mode::Exclusive)
                {
                    found.push(wording::exclusive_and_bound(&created.token.id));
                }
                let state = made(planned, &created.token, created.value);
                (Some(Applied { state, private }), found)
            }
            Err(error) => (None, wording::create(&error)),
        }
    }

    pub(super) async fn update_token(&self, updating: Updating<Self>) -> Created<Self> {
        let Updating { prior, planned, mut private, .. } = updating;
        let id = prior.id.as_str().unwrap_or_default().to_owned();
        let failed = format!("Could not change the API token {id}");
        let ready = async {
            let tokens = self.session.require()?;
            let owner = owner(&planned.account_id)?;
            self.guard(Some(&prior), &planned).await.into_result()?;
            let policies = policy_change(&tokens, &owner, &prior, &planned, &mut private).await?;
            Ok::<_, Diagnostics>((tokens, owner, policies))
        };
        let (tokens, owner, policies) = match ready.await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        let change = Change { by: format!("token {id}"), fields: changed(&prior, &planned), policies };
        match tokens.submit(&owner, &id, Op::Change(change)).await {
            Ok(outcome) => {
                let found = wording::concerns(&outcome.concerns);
                let state = match &outcome.token {
                    Some(token) => after(planned, token),
                    None => planned,
                };
                (Some(Applied { state, private }), found)
            }
            Err(error) => (None, wording::write(&failed, &error).into()),
        }
    }

    pub(super) async fn delete_token(&self, prior: TokenModel) -> Diagnostics {
        let id = prior.id.as_str().unwrap_or_default();
        let ready = || Ok::<_, Diagnostic>((self.session.require()?, owner(&prior.account_id)?));
        let (tokens, owner) = match ready() {
            Ok(ready) => ready,
            Err(diagnostic) => return diagnostic.into(),
        };
        match tokens.submit(&owner, id, Op::Delete).await {
            Ok(_) => Diagnostics::none(),
            Err(error) => wording::write(&format!("Could not delete the API token {id}"), &error).into(),
        }
    }
}

fn new_token(planned: &TokenModel, policies: Vec<Policy>) -> NewToken {
    NewToken {
        name: planned.name.known().cloned(),
        policies,
        condition: condition(&planned.condition),
        expires_on: planned.expires_on.as_str().and_then(checks::instant),
        not_before: planned.not_before.as_str().and_then(checks::instant),
        disabled: planned.status.as_str() == Some("disabled"),
    }
}

/// The state of a token that was just made.
fn made(planned: TokenModel, token: &Token, value: SecretString) -> TokenModel {
    TokenModel { value: value.into(), ..after(planned, token) }
}

/// The state after a write: the user's words where the plan has them, the API's where it left them open.
fn after(planned: TokenModel, token: &Token) -> TokenModel {
    let mut seen = planned.clone();
    observe(&mut seen, token);
    TokenModel { policies: planned.policies, exclusive_policies: planned.exclusive_policies, ..seen }
}

/// The fields that a plan changes.
fn changed(prior: &TokenModel, planned: &TokenModel) -> Fields {
    fn text(prior: &Value<String>, planned: &Value<String>) -> Option<String> {
        planned.known().filter(|_| prior != planned).cloned()
    }
    let instant = |prior: &Value<String>, planned: &Value<String>| {
        (prior != planned).then(|| planned.as_str().and_then(checks::instant))
    };
    Fields {
        name: text(&prior.name, &planned.name),
        status: text(&prior.status, &planned.status),
        condition: (prior.condition.to_raw() != planned.condition.to_raw())
            .then(|| condition(&planned.condition)),
        expires_on: instant(&prior.expires_on, &planned.expires_on),
        not_before: instant(&prior.not_before, &planned.not_before),
    }
}

/// How a plan changes the policies, if it does.
async fn policy_change(
    tokens: &TokenService,
    owner: &Owner,
    prior: &TokenModel,
    planned: &TokenModel,
    private: &mut Private,
) -> Result<Option<PolicyChange>, Diagnostics> {
    let same = prior.policies.to_raw() == planned.policies.to_raw();
    if same && prior.exclusive_policies == planned.exclusive_policies {
        return Ok(None);
    }
    let add = resolve(tokens, owner, &planned.policies).await?;
    let remove = std::mem::replace(&mut private.owned, fingerprints(&add));
    Ok(Some(match planned.exclusive_policies {
        Value::Known(true) => PolicyChange::Exclusive(add),
        _ => PolicyChange::Edit { remove, add },
    }))
}
