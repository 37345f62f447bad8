//! One writer per token: it gathers the changes of its callers and writes them in as few requests as possible. Callers only
//! enqueue and wait, so a caller that goes away does not interrupt a write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::belief::Belief;
use super::claims::Claims;
use super::context::Context;
use super::fold::added;
use super::op::{Cause, Change, Op, OpError};
use super::record::Record;
use super::write::{ChangeWrite, DeleteWrite, Reply, RollWrite, Target, run};
use crate::cloudflare::{Owner, host_time};
use crate::host::HostLock;
use crate::policy::Fingerprint;

/// The most repetitions of [`Settings::gather_writes`](super::Settings::gather_writes)
const GATHERINGS: u32 = 8;

type Key = (Owner, String);

/// A caller's channel, and its reply.
type CallerReply = (oneshot::Sender<Reply>, Reply);

struct Queued {
    op: Op,
    reply: oneshot::Sender<Reply>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Queued>,
    writing: bool,
    claims: Claims,
    /// Until when a write of this process without an answer may still take effect.
    late_until: Option<Instant>,
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
        let lock = match settings.files.lock(&key, settings.lock_wait, || stop.is_stopped()).await {
            Ok(lock) => lock,
            Err(error) => return reply_all(batch, &error.into()),
        };
        let mut record: Record = lock.record();
        record.claims =
            self.writers.queue(&self.key, |queue| std::mem::take(&mut queue.claims).updated(record.claims));
        let asked = asked(&batch);
        if !asked.is_empty() {
            record.unheard.extend(asked.clone());
            lock.save(&record);
        }
        let (replies, deleted) = self.perform(batch, &mut record).await;
        self.writers.queue(&self.key, |queue| queue.claims = record.claims.clone());
        if !self.context.is_leaving() && replies.iter().all(|(reply, _)| !reply.is_closed()) {
            record.unheard.retain(|by, _| !asked.contains_key(by));
        }
        // This comes before the replies: after the last reply the process may end.
        self.hand_on(lock, &record, deleted);
        for (caller, reply) in replies {
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
    async fn perform(&self, batch: Vec<Queued>, record: &mut Record) -> (Vec<CallerReply>, bool) {
        let rules = self.context.settings.rules();
        let (mut changes, mut replies, mut deleted) = (Vec::new(), Vec::new(), false);
        for queued in batch {
            if let Op::Change(change) = queued.op {
                changes.push((*change, queued.reply));
                continue;
            }
            // Earlier changes are written first.
            replies.extend(self.change(std::mem::take(&mut changes), record).await);
            let reply = if matches!(queued.op, Op::Roll) {
                let mut roll = RollWrite::new(&self.key.0, self.belief(record), rules);
                run(&self.target(), &mut roll, Instant::now()).await;
                record.floor = roll.belief.floor().cloned();
                roll.reply()
            } else {
                let mut delete = DeleteWrite::new(matches!(queued.op, Op::Discard), rules);
                run(&self.target(), &mut delete, Instant::now()).await;
                deleted = delete.has_succeeded();
                delete.reply()
            };
            replies.push((queued.reply, reply));
        }
        replies.extend(self.change(changes, record).await);
        (replies, deleted)
    }

    async fn change(
        &self,
        queued: Vec<(Change, oneshot::Sender<Reply>)>,
        record: &mut Record,
    ) -> Vec<CallerReply> {
        if queued.is_empty() {
            return Vec::new();
        }
        let (changes, replies): (Vec<_>, Vec<_>) = queued.into_iter().unzip();
        let began = Instant::now();
        let late = self.writers.queue(&self.key, |queue| queue.late_until);
        let late = late.map(|until| until.saturating_duration_since(began)).filter(|rest| !rest.is_zero());
        let (claims, belief) = (std::mem::take(&mut record.claims), self.belief(record));
        let rules = self.context.settings.rules();
        let mut write = ChangeWrite::new(&self.key.0, changes, claims, belief, late, rules);
        run(&self.target(), &mut write, began).await;
        let late_until = write.late_until.map(|rest: Duration| began + rest);
        self.writers.queue(&self.key, |queue| queue.late_until = late_until);
        let replies = replies.into_iter().zip(write.replies()).collect();
        if let Some(own) = write.own {
            record.own = Some(own.after(record.own));
        }
        (record.claims, record.floor) = (write.claims, write.belief.floor().cloned());
        replies
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

/// The policies that the callers may add to the token, by caller.
fn asked(batch: &[Queued]) -> BTreeMap<String, BTreeSet<Fingerprint>> {
    let mut asked: BTreeMap<String, BTreeSet<Fingerprint>> = BTreeMap::new();
    for queued in batch {
        if let Op::Change(change) = &queued.op {
            asked.entry(change.by.clone()).or_default().extend(added(change));
        }
    }
    // A caller without a name has no claims.
    asked.remove("");
    asked
}

fn reply_all(batch: Vec<Queued>, error: &OpError) {
    for queued in batch {
        let _ = queued.reply.send(Err(error.clone()));
    }
}
