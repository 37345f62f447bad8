//! A secret of the account's Secrets Store: its attributes, its plan as pure functions, and the requests that find and
//! make it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::absence::twice;
use super::value::{Put, SecretValue, put};
use crate::cloudflare::{Client, Error, Page, Request, Store, StoreSecret, StoreSecretChange, secrets_store};
use crate::model;
use crate::path;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostics, Raw, Set, Value, computed, optional, required};
use crate::tokens::AMBIGUITY_HORIZON;

/// The largest value, in bytes.
const VALUE_LIMIT: usize = 64 * 1024;

model! {
    /// A secret of a store.
    pub(crate) struct StoreSecretFields {
        ..put: SecretValue,
        /// The store's id. Default: the account's only store.
        store_id: String = optional().or_computed().keep_prior().requires_replace().identity().check(checks::id("a store")),
        /// The secret's name, unique in its store. A Worker's binding names it.
        name: String = required().requires_replace().check(checks::not_blank()),
        /// The services that can use the secret: `workers`, `ai_gateway`, `dex`, `access`.
        scopes: Set<String> = optional().or(Raw::set([Raw::string("workers")])).check(checks::not_blank()),
        /// A comment on the secret.
        comment: String = optional().check(checks::not_blank()),
        /// The secret's id.
        id: String = computed().keep_prior().identity(),
    }
}

/// The private state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Private {
    /// The time of the secret's last change according to the API, at the last write or read. A later change was made by
    /// something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) modified: Option<String>,
    /// The time of the last write that the state knows of, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_on: Option<i64>,
}

impl Private {
    /// Takes the time from an answer. It ignores the time of a pending write, because that may still change.
    pub(crate) fn of(seen: &StoreSecret) -> Self {
        let settled = !seen.is_pending() && !seen.modified.is_empty();
        Self { modified: settled.then(|| seen.modified.clone()), sent_on: None }
    }

    /// Whether the secret has changed since. The API may write the same time in several ways.
    fn is_older(&self, seen: &StoreSecret) -> bool {
        let (Some(before), Some(now)) = (&self.modified, Self::of(seen).modified) else { return false };
        match (checks::instant(before), checks::instant(&now)) {
            (Some(before), Some(now)) => before != now,
            _ => *before != now,
        }
    }
}

impl StoreSecretFields {
    /// The known scopes.
    pub(crate) fn scopes(&self) -> Vec<String> {
        self.scopes.known().map(|set| set.known_so_far().cloned().collect()).unwrap_or_default()
    }

    /// Checks a configuration.
    pub(crate) fn validate(&self) -> Diagnostics {
        let mut found = self.put.validate();
        let is_large = |value: &Value<secrecy::SecretString>| {
            use secrecy::ExposeSecret;
            value.known().is_some_and(|value| value.expose_secret().len() > VALUE_LIMIT)
        };
        if is_large(&self.put.value) {
            found.push(wording::store_value_too_large().at(path!(SecretValue.value)));
        }
        if is_large(&self.put.value_wo) {
            found.push(wording::store_value_too_large().at(path!(SecretValue.value_wo)));
        }
        found
    }

    /// Takes over the API's values. The user's spelling stays if it means the same.
    pub(crate) fn observe(&mut self, seen: &StoreSecret) {
        self.id = seen.id.clone().into();
        self.name = seen.name.clone().into();
        let scopes: BTreeSet<&String> = seen.scopes.iter().collect();
        if self.scopes.known().is_none() || self.scopes().iter().collect::<BTreeSet<_>>() != scopes {
            self.scopes = Value::Known(seen.scopes.iter().cloned().collect());
        }
        if self.comment.as_str().unwrap_or_default() != seen.comment {
            self.comment = Some(seen.comment.clone()).filter(|comment| !comment.is_empty()).into();
        }
    }

    /// The attributes that differ from the requested ones.
    pub(crate) fn not_applied(&self, seen: &StoreSecret) -> Vec<&'static str> {
        let mut asked = self.clone();
        asked.observe(seen);
        let scopes = (asked.scopes != self.scopes).then_some("scopes");
        let comment = (asked.comment != self.comment).then_some("comment");
        scopes.into_iter().chain(comment).collect()
    }
}

/// The state after a refresh. Pure. If something else has changed the secret, it may have another value. If Terraform
/// manages the value, the next apply puts it again. A later refresh judges a change that is still pending.
pub(crate) fn refreshed(
    state: &StoreSecretFields,
    private: &Private,
    seen: &StoreSecret,
) -> (StoreSecretFields, Private) {
    let mut state = state.clone();
    if private.is_older(seen) && state.put.is_set() {
        state.put.forget();
    }
    state.observe(seen);
    let seen = Private { sent_on: private.sent_on, ..Private::of(seen) };
    (state, if seen.modified.is_some() { seen } else { private.clone() })
}

/// Decides the plan.
pub(crate) fn decide(
    prior: Option<&StoreSecretFields>,
    planned: &StoreSecretFields,
    has_value: bool,
    there: Option<&str>,
) -> (StoreSecretFields, Diagnostics) {
    let mut planned = planned.clone();
    // A doubt always plans a write, even if the configuration is back to the old value.
    planned.put.doubt.unconfirmed = Value::Null;
    if prior.is_some_and(|prior| prior.id.is_null()) {
        planned.id = Value::Unknown;
    }
    // The API keeps the value if other attributes change.
    let stays = prior.is_some_and(|prior| prior.put.is_same(&planned.put));
    let mut found = SecretValue::plan(prior.map(|prior| &prior.put), has_value, stays);
    if let (Some(import), Some(name)) = (there, planned.name.as_str()) {
        found.push(wording::store_secret_exists(name, import).at(path!(StoreSecretFields.name)));
    }
    (planned, found)
}

/// The place of a secret, with all parts known.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) client: &'a Client,
    pub(crate) account: &'a str,
    pub(crate) store: &'a str,
    pub(crate) name: &'a str,
}

/// The result of a create.
pub(crate) enum Made {
    /// The secret exists.
    Done(StoreSecret),
    /// Another secret has the name.
    Taken(StoreSecret),
    /// An attempt had no answer, and a secret has the name now. Either the attempt made it, or something else did.
    Unsure { there: StoreSecret, error: Error },
    /// The last error, and whether an attempt may have had its effect.
    Failed { error: Error, may_have_effect: bool },
}

impl Place<'_> {
    /// The secret of this name.
    pub(crate) async fn find(&self) -> Result<Option<StoreSecret>, Error> {
        let of = |page| secrets_store::secrets(self.account, self.store, Some(self.name), page);
        let all = pages(self.client, of).await?;
        Ok(all.into_iter().find(|secret| secret.name == self.name && !secret.is_deleted()))
    }

    /// The secret of this name. It is absent if two lists say so.
    pub(crate) async fn find_twice(&self) -> Result<Option<StoreSecret>, Error> {
        twice(|| self.find(), Option::is_some).await
    }

    /// Makes the secret. After a create without an answer, this looks for the secret before it repeats the create. It
    /// does not overwrite a secret that has the name by then, because something else may have made it. `in_doubt` means
    /// that an earlier create had no answer.
    pub(crate) async fn make(&self, new: StoreSecretChange<'_>, in_doubt: bool) -> Made {
        match self.find().await {
            Ok(Some(there)) => return Made::Taken(there),
            Ok(None) => {}
            Err(error) => return Made::Failed { error, may_have_effect: in_doubt },
        }
        let create = || secrets_store::create(self.account, self.store, self.name, new);
        let (mut lost, mut was_lost) = (None, false);
        for _ in 0..2 {
            let error = match self.client.send(create()).await.map(|made| made.into_iter().next()) {
                Ok(Some(made)) => return Made::Done(made),
                Ok(None) => None,
                Err(error) => Some(error),
            };
            let is_lost = error.as_ref().is_none_or(Error::is_ambiguous);
            if is_lost {
                // Its secret can appear only before the look.
                sleep(AMBIGUITY_HORIZON).await;
            }
            match self.find().await {
                Ok(Some(there)) if is_lost || was_lost => {
                    return Made::Unsure { there, error: lost.or(error).unwrap_or_else(no_secret) };
                }
                Ok(Some(there)) => return Made::Taken(there),
                Ok(None) if is_lost && !was_lost => (lost, was_lost) = (error, true),
                Ok(None) | Err(_) => {
                    let may_have_effect = is_lost || was_lost || in_doubt;
                    let error = error.or(lost).unwrap_or_else(no_secret);
                    return Made::Failed { error, may_have_effect };
                }
            }
        }
        Made::Failed { error: lost.unwrap_or_else(no_secret), may_have_effect: true }
    }

    /// Changes the secret of this id.
    pub(crate) async fn change(&self, id: &str, change: StoreSecretChange<'_>) -> Put<StoreSecret> {
        put(self.client, || secrets_store::update(self.account, self.store, id, change)).await
    }

    /// Waits until a written secret is in force, for at most the time limit of a request. If a read fails, the
    /// result is the answer before it.
    pub(crate) async fn settled(&self, written: StoreSecret) -> StoreSecret {
        let end = Instant::now() + self.client.request_timeout();
        let (mut seen, mut pause) = (written, Duration::from_millis(100));
        while seen.is_pending() && Instant::now() + pause < end {
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
            match self.client.send(secrets_store::get(self.account, self.store, &seen.id)).await {
                Ok(secret) => seen = secret,
                Err(_) => break,
            }
        }
        seen
    }
}

/// The error for an answer of success that lacks the secret.
fn no_secret() -> Error {
    Error::InvalidRequest("the API answered without a secret".to_owned())
}

/// The stores of an account.
pub(crate) async fn stores(client: &Client, account: &str) -> Result<Vec<Store>, Error> {
    pages(client, |page| secrets_store::stores(account, page)).await
}

/// The secrets of a store.
pub(crate) async fn secrets(client: &Client, account: &str, store: &str) -> Result<Vec<StoreSecret>, Error> {
    pages(client, |page| secrets_store::secrets(account, store, None, page)).await
}

/// All items of a list. An unreadable item is an error, because it would count as absent.
async fn pages<T>(client: &Client, of: impl Fn(u32) -> Request<Page<T>>) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    for page in client.pages(of).await? {
        if let Some(unreadable) = page.unreadable.first() {
            let id = unreadable.id.as_deref().unwrap_or("without an id");
            return Err(Error::InvalidRequest(format!(
                "the list has an item ({id}) of an unknown form: {}",
                unreadable.detail
            )));
        }
        all.extend(page.items);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tf_provider::framework::Model;

    fn seen(modified: &str) -> StoreSecret {
        StoreSecret {
            id: "1".repeat(32),
            name: "KEY".to_owned(),
            scopes: vec!["access".to_owned(), "workers".to_owned()],
            comment: "for x".to_owned(),
            status: "active".to_owned(),
            created: "2026-11-28T00:00:00Z".to_owned(),
            modified: modified.to_owned(),
        }
    }

    fn state() -> StoreSecretFields {
        let value = SecretValue { value: Value::Known("one".into()), ..SecretValue::null() };
        StoreSecretFields {
            put: value,
            store_id: "2".repeat(32).into(),
            name: "KEY".to_owned().into(),
            scopes: Value::Known(["workers".to_owned(), "access".to_owned()].into_iter().collect()),
            comment: "for x".to_owned().into(),
            id: "1".repeat(32).into(),
        }
    }

    #[test]
    fn a_secret_that_was_changed_outside_is_put_again_where_its_value_is_managed() {
        let written = Private::of(&seen("a"));
        assert!(refreshed(&state(), &written, &seen("a")).0 == state());
        let (changed, private) = refreshed(&state(), &written, &seen("b"));
        assert!(changed.put.value.is_null() && private.modified.as_deref() == Some("b"));
        // The first read of an import has nothing to compare with.
        assert!(refreshed(&state(), &Private::default(), &seen("b")).0 == state());
    }

    #[test]
    fn one_time_in_two_spellings_is_no_change() {
        let written = Private::of(&seen("2026-11-28T00:00:00Z"));
        for same in ["2026-11-28T00:00:00.000Z", "2026-11-28T01:00:00+01:00"] {
            assert!(refreshed(&state(), &written, &seen(same)).0 == state(), "{same}");
        }
        assert!(refreshed(&state(), &written, &seen("2026-11-28T00:00:00.001Z")).0.put.value.is_null());
        assert!(
            refreshed(&state(), &written, &seen("")).0 == state(),
            "an answer without a time tells nothing"
        );
    }

    #[test]
    fn the_time_of_a_write_that_is_pending_is_neither_taken_nor_judged() {
        let pending = |modified| StoreSecret { status: "pending".to_owned(), ..seen(modified) };
        assert!(Private::of(&pending("b")).modified.is_none());
        let written = Private::of(&seen("a"));
        let (same, private) = refreshed(&state(), &written, &pending("b"));
        assert!(same == state() && private.modified.as_deref() == Some("a"));
        // The first time that is not pending is the time of the write.
        let (same, private) = refreshed(&state(), &Private::of(&pending("b")), &seen("c"));
        assert!(same == state() && private.modified.as_deref() == Some("c"));
    }

    #[test]
    fn scopes_have_no_order_and_what_is_not_applied_is_named() {
        assert_eq!(state().not_applied(&seen("a")), Vec::<&str>::new());
        let less = StoreSecret { scopes: vec!["workers".to_owned()], comment: String::new(), ..seen("a") };
        assert_eq!(state().not_applied(&less), ["scopes", "comment"]);
        assert_eq!(state().scopes(), ["workers", "access"]);
    }

    #[test]
    fn a_read_takes_over_what_the_store_has() {
        let blank = StoreSecretFields { store_id: state().store_id, ..StoreSecretFields::null() };
        let there = seen("a");
        let found = refreshed(&blank, &Private::default(), &there).0;
        let without_value = StoreSecretFields { put: SecretValue::null(), ..state() };
        assert!(found == without_value, "{found:?}");
        let bare = StoreSecret { comment: String::new(), scopes: vec!["dex".to_owned()], ..there };
        let changed = refreshed(&state(), &Private::default(), &bare).0;
        assert_eq!((changed.comment.clone(), changed.scopes()), (Value::Null, vec!["dex".to_owned()]));
    }

    #[test]
    fn a_name_that_is_taken_is_refused_at_plan() {
        let found = |planned: &StoreSecretFields| decide(None, planned, true, Some("store/id")).1.0;
        let taken = wording::store_secret_exists("KEY", "store/id").at(path!(StoreSecretFields.name));
        assert_eq!(found(&state()), [taken]);
        assert_eq!(found(&StoreSecretFields { name: Value::Unknown, ..state() }), []);
    }

    #[test]
    fn a_doubt_plans_a_write_and_a_secret_that_may_have_been_made_gets_its_id() {
        let mut doubtful = StoreSecretFields { id: Value::Null, ..state() };
        doubtful.put.doubt.note();
        let (planned, found) = decide(Some(&doubtful), &doubtful, true, None);
        assert!(found.is_empty() && planned.put.doubt.unconfirmed.is_null() && planned.id.is_unknown());
        assert!(decide(Some(&state()), &state(), true, None).0 == state());
    }

    #[test]
    fn a_value_of_more_than_64_kib_is_refused_and_not_quoted() {
        let value = |length: usize| Value::Known("x".repeat(length).as_str().into());
        let stored = |length| SecretValue { value: value(length), ..SecretValue::null() };
        let write_only = |length| SecretValue {
            value_wo: value(length),
            value_wo_version: 1.into(),
            ..SecretValue::null()
        };
        let found = |put| StoreSecretFields { put, ..state() }.validate();
        for put in [stored(VALUE_LIMIT + 1), write_only(VALUE_LIMIT + 1)] {
            let found = found(put);
            assert!(found.has_error() && !format!("{found:?}").contains("xxx"));
        }
        assert!(found(stored(VALUE_LIMIT)).is_empty() && found(write_only(VALUE_LIMIT)).is_empty());
    }
}
