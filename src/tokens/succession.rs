//! A token's successor: a new token with the rights of another one, which ends a while later. So a value can be rotated
//! while there is always one that works.
//!
//! The successor is made before its predecessor is changed. Until its value is handed over, it has a unique name that
//! contains its predecessor's id. By this name, the leftovers of an interrupted run are found and deleted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::sync::oneshot;

use super::claims::Claims;
use super::context::Context;
use super::create::{CreateError, NewToken, Order};
use super::fold::{Folded, fold};
use super::maker::Maker;
use super::op::{Cause, Change, Concern, Field, Fields, Op, OpError, Outcome, PolicyChange};
use super::orphans::Orphan;
use super::record::{Predecessor, Record, Successor};
use super::view::{Held, fingerprints, held};
use super::write::is_dead;
use super::writer::Writers;
use crate::cloudflare::{Owner, Token, TokenPolicy};
use crate::policy::{Fingerprint, Policy};

/// The parameters of a succession.
#[derive(Clone, Debug)]
pub struct Succession {
    /// The successor's difference from its predecessor. `fields.expires_on` is when the successor ends.
    pub change: Change,
    /// How long the predecessor keeps working, at most.
    pub overlap: Duration,
}

/// A token that has taken another one's place. Nothing else has its value.
#[derive(Debug)]
pub struct Succeeded {
    /// The new token.
    pub token: Arc<Token>,
    /// Its value.
    pub value: SecretString,
    /// When the old one ends. `None` if that is not certain, and `unfinished` says why.
    pub predecessor_ends: Option<OffsetDateTime>,
    /// The end that it had before.
    pub(crate) predecessor_ended: Option<OffsetDateTime>,
    /// The differences from the request.
    pub concerns: Vec<Concern>,
    /// The tokens that creates without an answer have made, or may have made.
    pub left_behind: Vec<Orphan>,
    /// The steps that are still to be done.
    pub unfinished: Vec<Unfinished>,
    /// When the new token's last change was sent, as in [`Outcome::sent_on`].
    pub sent_on: Option<i64>,
}

/// A step that failed after the successor was made.
#[derive(Clone, Debug)]
pub enum Unfinished {
    /// The old token has no end yet.
    Predecessor(OpError),
    /// The new token has neither its name nor the policies that were added to the old one meanwhile.
    Successor(OpError),
    /// The new token should be disabled and is not.
    NotDisabled(OpError),
}

/// Why there is no successor. The old token is as it was.
#[derive(Clone, Debug)]
pub enum SuccessionError {
    /// The old token could not be read, or the leftovers of an earlier run could not be deleted.
    Predecessor(OpError),
    /// The new token could not be made.
    Create(CreateError),
}

/// The name of a successor until its value is handed over.
pub fn successor_name(predecessor: &str) -> String {
    format!("tf-successor-of-{predecessor}")
}

/// Makes a successor in its own task. If the caller goes away before it has the value, the successor is deleted.
pub(super) async fn succeed(
    context: &Context,
    writers: &Writers,
    owner: &Owner,
    id: &str,
    succession: Succession,
) -> Result<Succeeded, SuccessionError> {
    let (reply, answer) = oneshot::channel();
    let maker = Maker::new(context, writers, owner);
    let predecessor = id.to_owned();
    context.under_way.spawn(async move {
        let job = SuccessionJob { maker, predecessor, succession };
        let made = job.make().await;
        let id = made.as_ref().ok().map(|made| made.token.id.clone());
        let context = &job.maker.context;
        let sent = if context.is_leaving() { Err(made) } else { reply.send(made) };
        match (sent, id) {
            (Ok(()), Some(id)) => job.record(Successor { id, heard: true }).await,
            (Err(Ok(unheard)), Some(id)) => job.take_back(&id, unheard).await,
            (Err(Err(_)), _) | (_, None) => {}
        }
    });
    answer.await.unwrap_or(Err(SuccessionError::Create(CreateError::Internal)))
}

/// Deletes tokens that earlier runs have made in this token's place without handing them over. Returns the id of a
/// successor that was handed over although the state still has this token: its run ended before it saved the state.
pub(super) async fn clear_unheard(maker: &Maker, predecessor: &str) -> Result<Option<String>, OpError> {
    let Maker { context, owner, .. } = maker;
    let refused = |error| OpError::without_effect(Cause::Api(error));
    let named = context.reader.named(owner, &successor_name(predecessor)).await.map_err(refused)?;
    let named = named.tokens.into_iter().map(|token| token.id.clone());
    let record = context.settings.record(predecessor);
    let (heard, unheard) = match record.and_then(|record| record.successor) {
        Some(Successor { id, heard: true }) => (Some(id), None),
        Some(Successor { id, heard: false }) => (None, Some(id)),
        None => (None, None),
    };
    for id in named.chain(unheard).collect::<BTreeSet<_>>() {
        tracing::warn!(token = id, "a successor that nobody has the value of is deleted");
        maker.discard(&id).await?;
    }
    Ok(heard)
}

struct SuccessionJob {
    maker: Maker,
    predecessor: String,
    succession: Succession,
}

impl SuccessionJob {
    async fn make(&self) -> Result<Succeeded, SuccessionError> {
        let Maker { context, owner, .. } = &self.maker;
        let unsaved =
            clear_unheard(&self.maker, &self.predecessor).await.map_err(SuccessionError::Predecessor)?;
        let refused = |cause| SuccessionError::Predecessor(OpError::without_effect(cause));
        let before = context.reader.get_fresh(owner, &self.predecessor).await;
        let Some(before) = before.map_err(|error| refused(Cause::Api(error)))? else {
            return Err(refused(Cause::Gone));
        };
        let folded = fold(&[&self.succession.change], &before, owner, &self.recorded().claims);
        let order = order(&self.predecessor, &folded, self.succession.change.fields.expires_on.flatten());
        let created = self.maker.make(order).await.map_err(SuccessionError::Create)?;
        self.hand_over_claims(&created.token.id, folded.claims.clone()).await;
        self.record(Successor { id: created.token.id.clone(), heard: false }).await;

        let mut made = Succeeded {
            token: created.token,
            value: created.value,
            predecessor_ends: None,
            predecessor_ended: before.expires_on,
            concerns: created.concerns,
            left_behind: created.left_behind,
            unfinished: created.not_disabled.map(Unfinished::NotDisabled).into_iter().collect(),
            sent_on: Some(created.sent_on),
        };
        match unsaved {
            Some(id) => {
                if context.reader.get_once(owner, &id).await.is_ok_and(|there| there.is_some()) {
                    made.left_behind.push(self.unsaved(id));
                }
            }
            None => made.left_behind.extend(self.unsaved_elsewhere(&before, &made.token.id).await),
        }
        // The caller does not know the temporary name, so a difference in the name does not count before the end.
        made.concerns.retain(|concern| !matches!(concern, Concern::NotApplied(Field::Name)));
        let now = context.client.now();
        let end = end_of(&before, now, self.succession.overlap);
        let (mut late, mut gone) = (Vec::new(), BTreeSet::new());
        if is_dead(&before) {
            made.predecessor_ends = Some(end);
        } else {
            let had = fingerprints(&before, owner).into_iter().collect();
            let narrowed = self.succession.change.for_predecessor(&had, Some(end));
            match self.submit(&self.predecessor, narrowed).await.and_then(Outcome::restricted) {
                Ok(outcome) => {
                    made.predecessor_ends = Some(end);
                    if let Some(token) = &outcome.token {
                        late = came_since(&before, token, owner);
                        gone = went_since(&before, token, owner);
                    }
                }
                Err(OpError { cause: Cause::Gone, .. }) => made.predecessor_ends = Some(now),
                Err(error) => made.unfinished.push(Unfinished::Predecessor(error)),
            }
        }
        let name = Fields { name: Some(folded.update.name.clone()), ..Fields::default() };
        let changes = !(late.is_empty() && gone.is_empty());
        let policies = changes.then_some(PolicyChange::Edit { remove: gone, add: late });
        let by = self.successor_by(&made.token.id);
        let finish = Change { by, fields: name, policies, again: false, since: None };
        let removed = finish.removed();
        let is_late = finish.policies.is_some();
        match self.submit(&made.token.id.clone(), finish).await {
            Ok(outcome) => {
                if is_late {
                    let claims = self.recorded().claims;
                    self.hand_over_claims(&made.token.id, claims).await;
                }
                made.sent_on = outcome.sent_on.or(made.sent_on);
                made.token = outcome.token.unwrap_or(made.token);
                made.concerns.extend(outcome.concerns);
            }
            Err(error) => {
                // The next write of the new token removes them.
                edit_record(context, &made.token.id, |record| record.claims.owe(removed)).await;
                made.unfinished.push(Unfinished::Successor(error));
            }
        }
        Ok(made)
    }

    /// Tokens that may be successors which a run on another host has finished, without living to save its state. That run has
    /// given the old token its end.
    async fn unsaved_elsewhere(&self, before: &Token, made: &str) -> Vec<Orphan> {
        let Maker { context, owner, .. } = &self.maker;
        if before.expires_on.is_none() {
            return Vec::new();
        }
        let listed = context.reader.named(owner, &before.name).await;
        let listed = listed.map(|listed| listed.tokens).unwrap_or_else(|error| {
            tracing::warn!(token = before.id, %error, "no search for a successor that no state has");
            Vec::new()
        });
        let like = |token: &&Arc<Token>| token.id != made && may_have_succeeded(token, before, owner);
        listed.iter().filter(like).map(|token| self.unsaved(token.id.clone())).collect()
    }

    fn unsaved(&self, id: String) -> Orphan {
        Orphan::Unsaved { id, predecessor: self.predecessor.clone() }
    }

    async fn submit(&self, id: &str, change: Change) -> Result<Outcome, OpError> {
        let Maker { context, writers, owner } = &self.maker;
        writers.submit(context, owner, id, Op::from(change)).await
    }

    /// The new token's value is lost. Deletes the new token, and keeps the old one.
    async fn take_back(&self, id: &str, unheard: Succeeded) {
        if self.maker.discard(id).await.is_ok() && unheard.predecessor_ends.is_some() {
            let fields = Fields { expires_on: Some(unheard.predecessor_ended), ..Fields::default() };
            let lives_on = Change { by: self.succession.change.by.clone(), fields, ..Change::default() };
            if let Err(error) = self.submit(&self.predecessor, lives_on).await {
                tracing::error!(token = self.predecessor, %error, "the token ends early: its successor is gone");
            }
        }
    }

    /// Copies the claims on policies of the old token to the new one.
    async fn hand_over_claims(&self, id: &str, claims: Claims) {
        let ends = (self.maker.context.client.now() + self.succession.overlap).unix_timestamp();
        let predecessor = Some(Predecessor { id: self.predecessor.clone(), ends });
        let (from, to) = (&self.succession.change.by, self.successor_by(id));
        edit_record(&self.maker.context, id, |record| {
            record.claims = claims.renamed(from, &to);
            record.predecessor = predecessor;
        })
        .await;
    }

    /// The name under which the token's own resource claims policies of the successor.
    fn successor_by(&self, id: &str) -> String {
        self.succession.change.by.replace(&self.predecessor, id)
    }

    /// This host's record of the old token.
    fn recorded(&self) -> Record {
        self.maker.context.settings.record(&self.predecessor).unwrap_or_default()
    }

    async fn record(&self, successor: Successor) {
        edit_record(&self.maker.context, &self.predecessor, |record| record.successor = Some(successor))
            .await;
    }
}

async fn edit_record(context: &Context, id: &str, edit: impl FnOnce(&mut Record)) {
    let settings = &context.settings;
    // The record must be written even if the run was stopped.
    match settings.files.lock(&settings.key(id), settings.lock_wait, || false).await {
        Ok(lock) => {
            let mut record: Record = lock.record();
            edit(&mut record);
            lock.save(&record);
        }
        Err(error) => {
            tracing::warn!(token = id, %error, "a token's record could not be written on this host")
        }
    }
}

/// The create of a successor.
fn order(predecessor: &str, folded: &Folded, expires_on: Option<OffsetDateTime>) -> Order {
    let (readable, carried): (Vec<&Held>, Vec<&Held>) =
        folded.policies.iter().partition(|held| held.policy.is_some());
    let update = &folded.update;
    let new = NewToken {
        name: Some(successor_name(predecessor)),
        policies: readable.into_iter().filter_map(|held| held.policy.clone()).collect(),
        condition: update.condition.clone().flatten(),
        expires_on,
        not_before: update.not_before.flatten(),
        disabled: update.status.as_deref() == Some("disabled"),
    };
    let carried: Vec<TokenPolicy> = carried.into_iter().map(|held| held.wire.clone()).collect();
    Order { new, carried, ours: true }
}

/// The end of the old token. It is never later than it would anyway.
fn end_of(before: &Token, now: OffsetDateTime, overlap: Duration) -> OffsetDateTime {
    let end = now + overlap;
    let end = end.replace_nanosecond(0).unwrap_or(end);
    before.expires_on.map_or(end, |planned| planned.min(end))
}

/// Whether a token may be a successor of one that has an end: by its name, its rights and when it was made.
fn may_have_succeeded(token: &Token, before: &Token, owner: &Owner) -> bool {
    token.id != before.id
        && token.name == before.name
        && fingerprints(token, owner) == fingerprints(before, owner)
        && token.issued_on >= before.issued_on
        && token.issued_on < before.expires_on
}

impl Change {
    /// The part of a successor's change that also applies to the token in its overlap, with its own end: removed rights end
    /// at once in both. Added rights are only for the successor. A policy that replaces another one is replaced here too.
    /// `had` are the policies before.
    #[must_use]
    pub fn for_predecessor(&self, had: &BTreeSet<Fingerprint>, end: Option<OffsetDateTime>) -> Self {
        let Fields { status, condition, .. } = self.fields.clone();
        // A change that enables or widens the token is only for the successor: the old value may have leaked.
        let status = status.filter(|status| status == "disabled");
        let condition = condition.filter(Option::is_some);
        let policies = match &self.policies {
            Some(PolicyChange::Edit { remove, add }) => {
                let kept: BTreeSet<_> = add.iter().map(Policy::fingerprint).collect();
                let takes_away = remove.difference(&kept).next().is_some();
                takes_away.then(|| PolicyChange::Edit { remove: remove.clone(), add: add.clone() })
            }
            Some(PolicyChange::Exclusive(all)) => {
                let kept: BTreeSet<_> = all.iter().map(Policy::fingerprint).collect();
                (!had.is_subset(&kept)).then(|| PolicyChange::Exclusive(all.clone()))
            }
            None => None,
        };
        let fields = Fields { status, condition, expires_on: end.map(Some), ..Fields::default() };
        Self { by: self.by.clone(), fields, policies, again: self.again, since: self.since }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.policies.is_none() && self.fields.named().is_empty()
    }
}

/// The policies that were removed from the old token after it was read.
fn went_since(before: &Token, now: &Token, owner: &Owner) -> BTreeSet<Fingerprint> {
    fingerprints(before, owner).difference(&fingerprints(now, owner)).copied().collect()
}

/// The policies that were added to the old token after it was read.
fn came_since(before: &Token, now: &Token, owner: &Owner) -> Vec<Policy> {
    let had: BTreeSet<_> = held(before, owner).iter().filter_map(|held| held.fingerprint).collect();
    let new = held(now, owner).into_iter().filter_map(|held| held.policy);
    new.filter(|policy| !had.contains(&policy.fingerprint()) && !policy.is_inert(owner)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::Condition;
    use crate::policy::{Effect, Resource};
    use crate::tokens::view::write;
    use serde_json::json;

    fn owner() -> Owner {
        Owner::Account("0123456789abcdef0123456789abcdef".into())
    }

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000 + second).unwrap()
    }

    /// The n-th of some policies that differ.
    fn policy(n: u8) -> Policy {
        let zone = format!("com.cloudflare.api.account.zone.{n:032x}");
        let group = format!("{:032x}", 100 + n).parse().unwrap();
        Policy::new(Effect::Allow, [group].into(), [(zone, Resource::Flat("*".into()))].into(), &owner())
    }

    fn token(policies: &[Policy]) -> Token {
        let json = json!({ "id": "a", "name": "reader", "status": "disabled", "policies": [] });
        let mut token: Token = serde_json::from_value(json).unwrap();
        token.policies = policies.iter().map(|policy| write(policy, &owner())).collect();
        token
    }

    fn edit(remove: &[u8], add: &[u8]) -> Option<PolicyChange> {
        let remove = remove.iter().map(|n| policy(*n).fingerprint()).collect();
        Some(PolicyChange::Edit { remove, add: add.iter().map(|n| policy(*n)).collect() })
    }

    #[test]
    fn the_old_token_takes_over_what_narrows_it_and_nothing_that_widens_it() {
        let had = [policy(1).fingerprint()].into();
        let narrowed = |fields, policies| {
            Change { by: "token".into(), fields, policies, again: true, since: None }
                .for_predecessor(&had, None)
        };
        let status = |status: &str| Fields { status: Some(status.into()), ..Fields::default() };
        assert_eq!(narrowed(status("disabled"), None).fields.status.as_deref(), Some("disabled"));
        assert!(narrowed(status("active"), None).is_empty());
        let condition = |condition| Fields { condition: Some(condition), ..Fields::default() };
        assert!(!narrowed(condition(Some(Condition::default())), None).is_empty());
        assert!(narrowed(condition(None), None).is_empty());
        assert!(narrowed(Fields { name: Some("new".into()), ..Fields::default() }, None).is_empty());

        let taken = |policies| narrowed(Fields::default(), policies);
        assert!(taken(edit(&[], &[1])).is_empty() && taken(edit(&[1], &[1, 2])).is_empty());
        let replaced = taken(edit(&[1], &[2]));
        assert!(!replaced.is_empty() && replaced.again && replaced.by == "token");
        assert_eq!(
            (replaced.removed(), replaced.added()),
            ([policy(1).fingerprint()].into(), &[policy(2)][..])
        );
        let exclusive = |all: &[u8]| {
            taken(Some(PolicyChange::Exclusive(all.iter().map(|n| policy(*n)).collect()))).policies
        };
        assert!(matches!(exclusive(&[]), Some(PolicyChange::Exclusive(_))));
        assert!(matches!(exclusive(&[2]), Some(PolicyChange::Exclusive(_))));
        assert!(exclusive(&[1]).is_none() && exclusive(&[1, 2]).is_none(), "only the new one gets more");

        let ends = Change::default().for_predecessor(&had, Some(at(9)));
        assert!(
            ends.fields.expires_on == Some(Some(at(9))) && !ends.is_empty() && Change::default().is_empty()
        );
    }

    #[test]
    fn the_old_token_ends_after_the_overlap_and_never_later_than_it_would() {
        let until = |expires_on| {
            let before = Token { expires_on, ..token(&[]) };
            end_of(&before, at(0) + Duration::from_millis(1700), Duration::from_secs(60))
        };
        assert_eq!((until(None), until(Some(at(100))), until(Some(at(30)))), (at(61), at(61), at(30)));
    }

    #[test]
    fn what_came_and_went_since_the_first_read_is_found() {
        let (before, now) = (token(&[policy(1), policy(2)]), token(&[policy(2), policy(3)]));
        assert_eq!(came_since(&before, &now, &owner()), [policy(3)]);
        assert_eq!(went_since(&before, &now, &owner()), [policy(1).fingerprint()].into());
        assert_eq!(came_since(&before, &token(&[Policy::inert(&owner())]), &owner()), []);
    }

    #[test]
    fn a_successor_is_like_its_predecessor_and_was_made_in_its_life() {
        let token = |id: &str, name: &str, issued_on, policies: &[Policy]| Token {
            id: id.into(),
            name: name.into(),
            issued_on: Some(at(issued_on)),
            ..token(policies)
        };
        let before = Token { expires_on: Some(at(50)), ..token("a", "reader", 10, &[policy(1)]) };
        let may = |token: &Token| may_have_succeeded(token, &before, &owner());
        assert!(may(&token("b", "reader", 10, &[policy(1)])) && may(&token("b", "reader", 49, &[policy(1)])));
        for other in [
            token("a", "reader", 20, &[policy(1)]),
            token("b", "writer", 20, &[policy(1)]),
            token("b", "reader", 20, &[policy(2)]),
            token("b", "reader", 9, &[policy(1)]),
            token("b", "reader", 50, &[policy(1)]),
        ] {
            assert!(!may(&other), "{other:?}");
        }
    }

    #[test]
    fn a_successor_is_made_under_its_own_name_with_its_predecessors_rights() {
        let unreadable: TokenPolicy = serde_json::from_value(json!({
            "effect": "allow", "permission_groups": [{ "id": "new-style" }], "resources": { "x": { "y": "*" } },
        }))
        .unwrap();
        let mut before = token(&[policy(1)]);
        before.policies.push(unreadable.clone());
        before.not_before = Some(at(1));
        let ordered = |before: &Token| {
            let folded = fold(&[&Change::default()], before, &owner(), &Claims::default());
            order("a", &folded, Some(at(9)))
        };
        let Order { new, carried, ours } = ordered(&before);
        assert_eq!(new.name.as_deref(), Some("tf-successor-of-a"));
        assert_eq!((new.policies, carried), (vec![policy(1)], vec![unreadable]));
        assert!(ours && new.disabled && new.expires_on == Some(at(9)) && new.not_before == Some(at(1)));
        assert!(!ordered(&Token { status: "active".into(), ..before }).new.disabled);
    }
}
