//! One writer per token: it gathers the changes of its callers and writes them in as few requests as possible. Callers only
//! enqueue and wait, so a caller that goes away does not interrupt a write.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::belief::Belief;
use super::claims::Claims;
use super::context::Context;
use super::fold::added;
use super::op::{Cause, Change, Op, OpError, Outcome, PolicyChange};
use super::record::{Asked, End, Ends, Record, Roll};
use super::write::{ChangeWrite, DeleteWrite, Reply, RollWrite, Target, run};
use crate::cloudflare::{Owner, host_time, milliseconds};
use crate::host::HostLock;

/// The most repetitions of [`Settings::gather_writes`](super::Settings::gather_writes)
const GATHERINGS: u32 = 8;

type Key = (Owner, String);

/// A reply, and the caller that waits for it.
struct Answer {
    caller: oneshot::Sender<Reply>,
    reply: Reply,
    kind: Kind,
}

/// What an answer is about.
enum Kind {
    Change {
        by: String,
        /// Whether the change was about policies.
        policies: bool,
        /// As in [`Change`].
        since: Option<i64>,
    },
    Roll,
    Deletion,
}

struct Queued {
    op: Op,
    reply: oneshot::Sender<Reply>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Queued>,
    writing: bool,
    claims: Claims,
}

/// The writers of all tokens. Clones share everything.
#[derive(Clone, Default)]
pub(super) struct Writers(Arc<Mutex<HashMap<Key, Queue>>>);

impl Writers {
    pub(super) async fn submit(&self, context: &Context, owner: &Owner, id: &str, op: Op) -> Reply {
        let (reply, answer) = oneshot::channel();
        let key = (owner.clone(), id.to_owned());
        let start = self.queue(&key, |queue| {
            queue.waiting.push(Queued { op, reply });
            !std::mem::replace(&mut queue.writing, true)
        });
        if start {
            let writer = Writer { context: context.clone(), writers: self.clone(), key, done: false };
            context.under_way.spawn(writer.run());
        }
        answer.await.unwrap_or(Err(OpError { cause: Cause::Internal, may_have_effect: true }))
    }

    fn queue<T>(&self, key: &Key, act: impl FnOnce(&mut Queue) -> T) -> T {
        act(self.0.lock().entry(key.clone()).or_default())
    }
}

/// The task that writes a token, as long as there are changes to write.
struct Writer {
    context: Context,
    writers: Writers,
    key: Key,
    done: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // After a panic, waiting callers get an error, and the next caller starts anew.
        self.writers.queue(&self.key, |queue| {
            queue.writing = false;
            queue.waiting.clear();
        });
    }
}

impl Writer {
    async fn run(mut self) {
        loop {
            self.gather().await;
            let batch = self.writers.queue(&self.key, |queue| {
                let batch = std::mem::take(&mut queue.waiting);
                queue.writing = !batch.is_empty();
                batch
            });
            if batch.is_empty() {
                // Later callers start the next task, which this one's end must not disturb.
                self.done = true;
                return;
            }
            self.write(batch).await;
        }
    }

    /// Waits until no new change comes for a moment: callers that are started together arrive one by one.
    async fn gather(&self) {
        let waiting = || self.writers.queue(&self.key, |queue| queue.waiting.len());
        let mut seen = waiting();
        for _ in 0..GATHERINGS {
            tokio::time::sleep(self.context.settings.gather_writes).await;
            let now = waiting();
            if now == std::mem::replace(&mut seen, now) {
                return;
            }
        }
    }

    async fn write(&self, mut batch: Vec<Queued>) {
        // A caller that went away before anything was sent has withdrawn.
        batch.retain(|queued| !queued.reply.is_closed());
        if batch.is_empty() {
            return;
        }
        let settings = &self.context.settings;
        if settings.stop.is_stopped() {
            let (discards, others) = batch.into_iter().partition(|queued| matches!(queued.op, Op::Discard));
            reply_all(others, &OpError::without_effect(Cause::Stopped));
            batch = discards;
        }
        let (key, stop) = (settings.key(&self.key.1), &settings.stop);
        let only_discards = batch.iter().all(|queued| matches!(queued.op, Op::Discard));
        let is_stopped = || stop.is_stopped() && !only_discards;
        let lock = match settings.files.lock(&key, settings.lock_wait, is_stopped).await {
            Ok(lock) => Some(lock),
            // Nothing else writes a token that nobody has the value of.
            Err(error) if only_discards => {
                tracing::warn!(token = self.key.1, %error, "a token is deleted without its lock");
                None
            }
            Err(error) => return reply_all(batch, &error.into()),
        };
        if self.context.is_leaving() {
            // Nobody would get the new value, and the old one would be dead.
            let (rolls, others) = batch.into_iter().partition(|queued| matches!(queued.op, Op::Roll));
            reply_all(rolls, &OpError::without_effect(Cause::Stopped));
            batch = others;
        }
        let mut record = lock.as_ref().map(HostLock::record::<Record>).unwrap_or_default();
        record.claims =
            self.writers.queue(&self.key, |queue| std::mem::take(&mut queue.claims).updated(record.claims));
        let (asked, before) = (asked(&batch), record.clone());
        record.demote_ghosts(&asked);
        let late = record.late(host_time(), settings.ambiguity_horizon);
        record.late_until = late.map(|rest| host_time() + rest);
        record.writing = false;
        remove_unheard(&mut batch, &record);
        if batch.iter().any(|queued| !is_deletion(&queued.op)) {
            let now = self.context.client.now();
            record.begin(&asked, &since(&batch), milliseconds(now));
            if batch.iter().any(|queued| matches!(queued.op, Op::Roll)) {
                record.roll = Some(Roll::Unheard { on: now.unix_timestamp() });
            }
            if let Some(lock) = &lock {
                lock.save(&record.claiming(&asked));
            }
            record.writing = false;
        }
        let (mut answers, deleted) = self.perform(batch, &mut record).await;
        let ends = ends(&answers, &before);
        record = record.claiming(&in_doubt(&ends, &asked));
        stamp(&mut answers, &ends, &record);
        self.writers.queue(&self.key, |queue| queue.claims = record.claims.clone());
        let hears = !self.context.is_leaving() && answers.iter().all(|answer| !answer.caller.is_closed());
        if hears {
            record.heard(&asked, &ends, &before.sent);
        }
        record.roll = rolled(&answers, before.roll, record.roll, hears);
        // This comes before the replies: after the last reply the process may end.
        if let Some(lock) = lock {
            self.hand_on(lock, &record, deleted);
        }
        for Answer { caller, reply, .. } in answers {
            // The caller may be gone. The write is done all the same.
            let _ = caller.send(reply);
        }
    }

    fn hand_on(&self, lock: HostLock, record: &Record, deleted: bool) {
        if deleted {
            return lock.remove();
        }
        if let Some(floor) = &record.floor {
            self.context.reader.raise(&self.key.0, &self.key.1, floor);
        }
        if *record != lock.record() {
            lock.save(record);
        }
    }

    /// Performs the batch in its order. True if the token is gone at its end.
    async fn perform(&self, batch: Vec<Queued>, record: &mut Record) -> (Vec<Answer>, bool) {
        let rules = self.context.settings.rules();
        let (mut changes, mut answers, mut deleted) = (Vec::new(), Vec::new(), false);
        for queued in batch {
            if let Op::Change(change) = queued.op {
                changes.push((*change, queued.reply));
                continue;
            }
            // Earlier changes are written first.
            answers.extend(self.change(std::mem::take(&mut changes), record).await);
            let belief = self.belief(record);
            let (reply, kind) = if matches!(queued.op, Op::Roll) {
                let mut roll = RollWrite::new(&self.key.0, belief, self.late(record), rules);
                let began = host_time();
                run(&self.target(), &mut roll, Instant::now()).await;
                record.floor = roll.belief.floor().cloned();
                record.late_until = roll.late_until.map(|until| began + until);
                (roll.reply(), Kind::Roll)
            } else {
                let discards = matches!(queued.op, Op::Discard);
                let mut delete = DeleteWrite::new(&self.key.0, belief, discards, rules);
                run(&self.target(), &mut delete, Instant::now()).await;
                deleted = delete.has_succeeded();
                (delete.reply(), Kind::Deletion)
            };
            answers.push(Answer { caller: queued.reply, reply, kind });
        }
        answers.extend(self.change(changes, record).await);
        (answers, deleted)
    }

    async fn change(
        &self,
        queued: Vec<(Change, oneshot::Sender<Reply>)>,
        record: &mut Record,
    ) -> Vec<Answer> {
        if queued.is_empty() {
            return Vec::new();
        }
        let (changes, callers): (Vec<_>, Vec<_>) = queued.into_iter().unzip();
        let kind = |change: &Change| Kind::Change {
            by: change.by.clone(),
            policies: change.policies.is_some(),
            since: change.since,
        };
        let kinds: Vec<_> = changes.iter().map(kind).collect();
        let (claims, belief) = (std::mem::take(&mut record.claims), self.belief(record));
        let rules = self.context.settings.rules();
        let mut write = ChangeWrite::new(&self.key.0, changes, claims, belief, self.late(record), rules);
        let began = host_time();
        run(&self.target(), &mut write, Instant::now()).await;
        record.late_until = write.late_until.map(|until| began + until);
        let answers = callers.into_iter().zip(kinds).zip(write.replies());
        let answers = answers.map(|((caller, kind), reply)| Answer { caller, reply, kind }).collect();
        if let Some(own) = write.own {
            record.own = Some(own.after(record.own));
        }
        (record.claims, record.floor) = (write.claims, write.belief.floor().cloned());
        answers
    }

    /// How long an earlier write may still take effect.
    fn late(&self, record: &Record) -> Option<Duration> {
        record.late(host_time(), self.context.settings.ambiguity_horizon)
    }

    fn target(&self) -> Target<'_> {
        let parts = &*self.context;
        Target {
            client: &parts.client,
            reader: &parts.reader,
            settings: &parts.settings,
            owner: &self.key.0,
            id: &self.key.1,
        }
    }

    /// The known version of the token: from this process, and from the process that had the lock before.
    fn belief(&self, record: &Record) -> Belief {
        let (owner, id) = (&self.key.0, self.key.1.as_str());
        let reader = &self.context.reader;
        let mut belief =
            Belief::new(reader.floor(owner, id), reader.is_known(owner, id), self.context.settings.pause);
        if let Some(floor) = &record.floor {
            belief.raise_to(floor.clone(), host_time());
        }
        belief
    }
}

fn is_deletion(op: &Op) -> bool {
    matches!(op, Op::Delete | Op::Discard)
}

/// The policies that the callers may add to the token, by caller.
fn asked(batch: &[Queued]) -> Asked {
    let mut asked = Asked::new();
    for queued in batch {
        if let Op::Change(change) = &queued.op {
            asked.entry(change.by.clone()).or_default().extend(added(change));
        }
    }
    // A caller without a name has no claims.
    asked.remove("");
    asked
}

/// The time of the last change that each caller's state knows of.
fn since(batch: &[Queued]) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for queued in batch {
        if let Op::Change(change) = &queued.op
            && let Some(since) = change.since
        {
            let latest = all.entry(change.by.clone()).or_insert(since);
            *latest = since.max(*latest);
        }
    }
    all
}

/// Lets each caller that edits its policies also remove those that an earlier run may have added in its name. Its state does
/// not have them, so nothing else would remove them.
fn remove_unheard(batch: &mut [Queued], record: &Record) {
    for queued in batch {
        if let Op::Change(change) = &mut queued.op
            && let Some(unheard) = record.unheard(&change.by, change.since)
            && let Some(PolicyChange::Edit { remove, .. }) = &mut change.policies
        {
            remove.extend(unheard);
        }
    }
}

/// What became of each caller's changes. What it did not hear of before is ended only by a write of policies.
fn ends(answers: &[Answer], before: &Record) -> Ends {
    let mut ends = Ends::new();
    for answer in answers {
        let Kind::Change { by, policies, since } = &answer.kind else { continue };
        let owes = before.unheard(by, *since).is_some_and(|unheard| !unheard.is_empty());
        let end = match &answer.reply {
            Ok(_) if *policies || !owes => End::Settled { policies: *policies },
            Err(error) if error.may_have_effect() => End::InDoubt,
            Ok(_) | Err(_) => End::Unchanged,
        };
        let all = ends.entry(by.clone()).or_insert(end);
        *all = match (*all, end) {
            (End::InDoubt, _) | (_, End::InDoubt) => End::InDoubt,
            (End::Unchanged, _) | (_, End::Unchanged) => End::Unchanged,
            (End::Settled { policies: one }, End::Settled { policies: other }) => {
                End::Settled { policies: one || other }
            }
        };
    }
    ends
}

/// The policies that callers may have added without an answer that says so.
fn in_doubt(ends: &Ends, asked: &Asked) -> Asked {
    let doubtful = asked.iter().filter(|(by, _)| ends.get(*by) == Some(&End::InDoubt));
    doubtful.map(|(by, added)| (by.clone(), added.clone())).collect()
}

/// Gives each caller the time of its change, for its state.
fn stamp(answers: &mut [Answer], ends: &Ends, record: &Record) {
    for answer in answers {
        if let (Kind::Change { by, .. }, Ok(outcome)) = (&answer.kind, &mut answer.reply)
            && matches!(ends.get(by), Some(End::Settled { .. }))
        {
            outcome.sent_on = record.sent_on(by);
        }
    }
}

/// What is to be recorded about rolls. `begun` is what was recorded when they began. `heard` is whether their callers
/// receive the answers.
fn rolled(answers: &[Answer], before: Option<Roll>, begun: Option<Roll>, heard: bool) -> Option<Roll> {
    let version = |outcome: &Outcome| outcome.token.as_ref()?.modified_on.map(OffsetDateTime::unix_timestamp);
    let rolls = answers.iter().filter(|answer| matches!(answer.kind, Kind::Roll));
    rolls.fold(before, |before, answer| match &answer.reply {
        Ok(outcome) if heard => Some(Roll::Heard { version: version(outcome) }),
        Err(error) if !error.may_have_effect() => before,
        Ok(_) | Err(_) => begun,
    })
}

fn reply_all(batch: Vec<Queued>, error: &OpError) {
    for queued in batch {
        let _ = queued.reply.send(Err(error.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::Token;
    use crate::policy::Fingerprint;

    fn answer(kind: Kind, reply: Reply) -> Answer {
        Answer { caller: oneshot::channel().0, reply, kind }
    }

    fn change(by: &str, policies: bool) -> Kind {
        Kind::Change { by: by.to_owned(), policies, since: None }
    }

    fn fingerprint() -> Fingerprint {
        "a".repeat(64).parse().unwrap()
    }

    fn failed(may_have_effect: bool) -> Reply {
        Err(OpError { cause: Cause::Stopped, may_have_effect })
    }

    #[test]
    fn a_caller_is_settled_if_its_writes_have_ended_what_it_did_not_hear_of() {
        let owing = |by: &str| (by.to_owned(), [fingerprint()].into());
        let mut before = Record::default();
        before.begin(&["written", "named", "twice", "doubtful"].map(owing).into(), &BTreeMap::new(), 1);
        let answers = [
            answer(change("written", true), Ok(Outcome::default())),
            answer(change("named", false), Ok(Outcome::default())),
            answer(change("twice", true), Ok(Outcome::default())),
            answer(change("twice", true), failed(false)),
            answer(change("new", false), Ok(Outcome::default())),
            answer(change("both", true), Ok(Outcome::default())),
            answer(change("both", false), Ok(Outcome::default())),
            answer(change("refused", true), failed(false)),
            answer(change("doubtful", true), failed(true)),
            answer(Kind::Roll, Ok(Outcome::default())),
            answer(Kind::Deletion, Ok(Outcome::default())),
        ];
        let ends = ends(&answers, &before);
        let of =
            |end| ends.iter().filter(|(_, is)| **is == end).map(|(by, _)| by.as_str()).collect::<Vec<_>>();
        assert_eq!(of(End::Settled { policies: true }), ["both", "written"]);
        assert_eq!(of(End::Settled { policies: false }), ["new"]);
        assert_eq!(of(End::Unchanged), ["named", "refused", "twice"]);
        assert_eq!(of(End::InDoubt), ["doubtful"]);
        let asked = ["new", "doubtful"].map(owing).into();
        assert_eq!(in_doubt(&ends, &asked), [owing("doubtful")].into());
    }

    #[test]
    fn a_caller_whose_change_is_settled_gets_its_time() {
        let mut record = Record::default();
        record.begin(
            &[("a".to_owned(), [fingerprint()].into()), ("b".to_owned(), [].into())].into(),
            &BTreeMap::new(),
            7,
        );
        let mut answers = ["a", "b", "c"].map(|by| answer(change(by, true), Ok(Outcome::default())));
        let ends =
            [("a".to_owned(), End::Settled { policies: true }), ("b".to_owned(), End::Unchanged)].into();
        stamp(&mut answers, &ends, &record);
        let times = answers.map(|answer| answer.reply.unwrap().sent_on);
        assert_eq!(times, [Some(7), None, None]);
    }

    #[test]
    fn a_roll_is_recorded_with_its_version_or_as_lost() {
        let token: Token = serde_json::from_value(serde_json::json!({
            "id": "a", "name": "a", "status": "active", "modified_on": "1970-01-01T00:00:09Z", "policies": [],
        }))
        .unwrap();
        let seen = || Ok(Outcome { token: Some(Arc::new(token.clone())), ..Outcome::default() });
        let version = |version| Some(Roll::Heard { version });
        let (before, begun) = (version(Some(1)), Some(Roll::Unheard { on: 5 }));
        let after = |reply, heard| rolled(&[answer(Kind::Roll, reply)], before, begun, heard);
        assert_eq!((after(seen(), true), after(seen(), false)), (version(Some(9)), begun));
        assert_eq!(after(Ok(Outcome::default()), true), version(None));
        for heard in [true, false] {
            assert_eq!((after(failed(true), heard), after(failed(false), heard)), (begun, before));
        }
        assert_eq!(rolled(&[answer(Kind::Deletion, failed(true))], None, None, true), None);
    }
}
