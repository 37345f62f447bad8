//! Making, changing, rolling and deleting a token.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::plan::releases;
use super::refresh::observe;
use super::value::{expiry, now, seal, stamp};
use super::{AccountApiToken, Private, TokenModel};
use crate::cloudflare::{Owner, Token};
use crate::policy::Policy;
use crate::provider::blocks::condition;
use crate::provider::policies::{applied, concerns, fingerprints, resolve};
use crate::provider::session::Mode;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Applied, Created, Diagnostic, Diagnostics, Map, Path, Updating, Value};
use crate::tokens::{Cause, Change, Fields, NewToken, Op, OpError, PolicyChange, TokenService};

impl AccountApiToken {
    pub(super) async fn create_token(&self, mut planned: TokenModel, mut private: Private) -> Created<Self> {
        let ready = async {
            let (tokens, owner) = self.session.reach(&planned.account_id)?;
            self.guard(None, &planned).await.into_result()?;
            let policies = resolve(&tokens, &owner, &planned.policies).await?;
            private.owned = fingerprints(&policies);
            issue_now(&mut planned)?;
            let new = new_token(&planned, policies)?;
            Ok::<_, Diagnostics>((tokens, owner, new))
        };
        let (tokens, owner, new) = match ready.await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        let created = match tokens.create(&owner, new).await {
            Ok(created) => created,
            Err(error) => return (None, wording::create(&error)),
        };
        private.owned = applied(&private.owned, &created.concerns);
        let mut found = concerns(&tokens, &owner, &created.concerns).await;
        found.extend(wording::left_behind(&created.left_behind));
        if let Some(error) = &created.not_disabled {
            found.push(wording::write("The API token was created, but could not be disabled", error));
        }
        if planned.exclusive_policies == Value::Known(true)
            && !self.session.agree(&created.token.id, Mode::Exclusive)
        {
            found.push(wording::exclusive_and_bound(&created.token.id));
        }
        let mut state = after(planned, &created.token);
        found.extend(hand_out(&mut state, created.value));
        (Some(Applied { state, private }), found)
    }

    pub(super) async fn update_token(&self, updating: Updating<Self>) -> Created<Self> {
        let Updating { prior, mut planned, mut private, .. } = updating;
        let id = prior.id.as_str().unwrap_or_default().to_owned();
        let rolls = planned.value_issued_on.is_unknown();
        let before = private.clone();
        let ready = async {
            let (tokens, owner) = self.session.reach(&planned.account_id)?;
            self.guard(Some(&prior), &planned).await.into_result()?;
            if rolls {
                issue_now(&mut planned)?;
            }
            let fields = changed(&prior, &planned)?;
            let policies = policy_change(&tokens, &owner, &prior, &planned, &mut private).await?;
            Ok::<_, Diagnostics>((tokens, owner, fields, policies))
        };
        let (tokens, owner, mut fields, policies) = match ready.await {
            Ok(ready) => ready,
            Err(diagnostics) => return (None, diagnostics),
        };
        private.imported = false;
        let mut found = Diagnostics::none();
        let mut token = None;
        // The end belongs to the value: a new one, later perhaps, is not for the value that a roll is to kill.
        let expires_on = if rolls { fields.expires_on.take() } else { None };
        if policies.is_some() || !fields.named().is_empty() {
            let change = Op::from(Change { by: format!("token {id}"), fields, policies, again: false });
            match tokens.submit(&owner, &id, change).await {
                Ok(outcome) => {
                    private.owned = applied(&private.owned, &outcome.concerns);
                    found.extend(concerns(&tokens, &owner, &outcome.concerns).await);
                    token = outcome.token;
                }
                Err(error) => {
                    let found =
                        wording::write(&format!("Could not change the API token {id}"), &error).into();
                    if !error.may_have_effect() {
                        return (None, found);
                    }
                    // What may be there yet is kept as owned, or nobody would ever take it back.
                    private.owned.extend(&before.owned);
                    return (
                        Some(Applied { state: prior, private: Private { owned: private.owned, ..before } }),
                        found,
                    );
                }
            }
        }
        // The roll comes after the rest: whatever fails before it leaves the old value alive.
        let rolled = if rolls { Some(tokens.submit(&owner, &id, Op::Roll).await) } else { None };
        let mut state = planned;
        match rolled {
            None => found.extend(keep_value(&mut state, &prior)),
            Some(Ok(outcome)) => {
                token = outcome.token.or(token);
                match outcome.value {
                    Some(value) => found.extend(hand_out(&mut state, value)),
                    None => found.push(wording::write(
                        &rolling(&id),
                        &OpError { cause: Cause::Internal, may_have_effect: true },
                    )),
                }
                if let Some(expires_on) = expires_on {
                    let fields = Fields { expires_on: Some(expires_on), ..Fields::default() };
                    let change =
                        Op::from(Change { by: format!("token {id}"), fields, policies: None, again: false });
                    match tokens.submit(&owner, &id, change).await {
                        Ok(outcome) => {
                            found.extend(concerns(&tokens, &owner, &outcome.concerns).await);
                            token = outcome.token.or(token);
                        }
                        Err(error) => {
                            let failed =
                                format!("The API token {id} was rolled, but its `expires_on` not changed");
                            found.push(wording::write(&failed, &error));
                            state.expires_on = prior.expires_on.clone();
                        }
                    }
                }
            }
            Some(Err(error)) => {
                found.push(wording::write(&rolling(&id), &error));
                // What was changed before is in the state, and the roll is planned again.
                state.value = prior.value.clone();
                state.value_issued_on = prior.value_issued_on.clone();
                state.sealed_values = prior.sealed_values.clone();
                state.rotation = prior.rotation.clone();
                state.seal_for = prior.seal_for.clone();
                state.store_value = prior.store_value;
                state.expires_on = prior.expires_on.clone();
                state.expires_in = prior.expires_in.clone();
            }
        }
        let state = match &token {
            Some(token) => after(state, token),
            // Nothing was written but the state itself.
            None => TokenModel { modified_on: prior.modified_on, ..state },
        };
        (Some(Applied { state, private }), found)
    }

    pub(super) async fn delete_token(&self, prior: TokenModel) -> Diagnostics {
        let id = prior.id.as_str().unwrap_or_default();
        let (tokens, owner) = match self.session.reach(&prior.account_id) {
            Ok(reached) => reached,
            Err(diagnostic) => return diagnostic.into(),
        };
        match tokens.submit(&owner, id, Op::Delete).await {
            Ok(_) => Diagnostics::none(),
            Err(error) => wording::write(&format!("Could not delete the API token {id}"), &error).into(),
        }
    }
}

fn rolling(id: &str) -> String {
    format!("Could not roll the API token {id}")
}

/// A value is issued: from now on counts how old it is, and `expires_in`.
fn issue_now(planned: &mut TokenModel) -> Result<(), Diagnostic> {
    let now = now();
    planned.value_issued_on = stamp(now);
    if planned.expires_on.is_unknown() {
        let expiry = expiry(now, &planned.expires_in).ok_or_else(|| endless("expires_in"))?;
        planned.expires_on = stamp(expiry);
    }
    Ok(())
}

/// What is not known, or cannot be computed, must not be taken for no end.
fn endless(attribute: &str) -> Diagnostic {
    let detail = format!(
        "`{attribute}` gives no point in time, so it is not known when the token is to begin or to stop working. Nothing was \
         sent."
    );
    Diagnostic::error("The token's lifetime is not known", detail).at(Path::of(attribute))
}

/// The instant that a planned timestamp means; none where there is to be none.
fn planned_instant(planned: &Value<String>, attribute: &str) -> Result<Option<OffsetDateTime>, Diagnostic> {
    match planned {
        Value::Null => Ok(None),
        Value::Unknown => Err(endless(attribute)),
        Value::Known(text) => checks::instant(text).map(Some).ok_or_else(|| endless(attribute)),
    }
}

/// Puts a new value where it is to be: sealed for those who are to have it, and into the state if it is to be there.
fn hand_out(state: &mut TokenModel, value: SecretString) -> Diagnostics {
    let sealed = seal(state, &value);
    state.value = if state.store_value == Value::Known(false) { Value::Null } else { value.into() };
    sealed_into(state, sealed)
}

/// The value stays as it is; it is sealed for those who do not have it yet.
fn keep_value(state: &mut TokenModel, prior: &TokenModel) -> Diagnostics {
    match prior.value.known() {
        Some(value) => {
            let sealed = seal(state, value);
            sealed_into(state, sealed)
        }
        None => Diagnostics::none(),
    }
}

fn sealed_into(state: &mut TokenModel, sealed: Result<Value<Map<String>>, Diagnostic>) -> Diagnostics {
    match sealed {
        Ok(sealed) => {
            state.sealed_values = sealed;
            Diagnostics::none()
        }
        Err(diagnostic) => {
            state.sealed_values = Value::Null;
            diagnostic.into()
        }
    }
}

fn new_token(planned: &TokenModel, policies: Vec<Policy>) -> Result<NewToken, Diagnostic> {
    Ok(NewToken {
        name: planned.name.known().cloned(),
        policies,
        condition: condition(&planned.condition),
        expires_on: planned_instant(&planned.expires_on, "expires_on")?,
        not_before: planned_instant(&planned.not_before, "not_before")?,
        disabled: planned.status.as_str() == Some("disabled"),
    })
}

/// The state after a write: as planned, and the API's words where the plan has left it open. What somebody else has changed
/// since the plan is for the next refresh to show: Terraform takes a known value that comes out otherwise for a bug.
fn after(planned: TokenModel, token: &Token) -> TokenModel {
    fn fill<T>(planned: Value<T>, seen: Value<T>) -> Value<T> {
        if planned.is_unknown() { seen } else { planned }
    }
    let mut seen = planned.clone();
    observe(&mut seen, token);
    TokenModel {
        id: fill(planned.id, seen.id),
        name: fill(planned.name, seen.name),
        status: fill(planned.status, seen.status),
        condition: fill(planned.condition, seen.condition),
        not_before: fill(planned.not_before, seen.not_before),
        expires_on: fill(planned.expires_on, seen.expires_on),
        issued_on: fill(planned.issued_on, seen.issued_on),
        modified_on: fill(planned.modified_on, seen.modified_on),
        ..planned
    }
}

/// The fields that a plan changes.
fn changed(prior: &TokenModel, planned: &TokenModel) -> Result<Fields, Diagnostic> {
    fn text(prior: &Value<String>, planned: &Value<String>) -> Option<String> {
        planned.known().filter(|_| prior != planned).cloned()
    }
    let instant = |prior: &Value<String>, planned: &Value<String>, attribute| {
        (prior != planned).then(|| planned_instant(planned, attribute)).transpose()
    };
    Ok(Fields {
        name: text(&prior.name, &planned.name),
        status: text(&prior.status, &planned.status),
        condition: (prior.condition.to_raw() != planned.condition.to_raw())
            .then(|| condition(&planned.condition)),
        expires_on: instant(&prior.expires_on, &planned.expires_on, "expires_on")?,
        not_before: instant(&prior.not_before, &planned.not_before, "not_before")?,
    })
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
    if releases(Some(prior), planned, private) {
        private.owned.clear();
        return Ok(None);
    }
    let add = resolve(tokens, owner, &planned.policies).await?;
    let remove = std::mem::replace(&mut private.owned, fingerprints(&add));
    Ok(Some(match planned.exclusive_policies {
        Value::Known(true) => PolicyChange::Exclusive(add),
        _ => PolicyChange::Edit { remove, add },
    }))
}
