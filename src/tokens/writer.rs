//! One writer per token: it gathers what callers want and writes it in as few requests as possible. Callers only enqueue
//! and wait, so that none that goes away tears a write apart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::commit::Commit;
use super::fold::Claims;
use super::lock::TokenLock;
use super::op::{Op, OpError, Outcome};
use super::service::{Inner, guard};
use super::view;
use crate::cloudflare::Owner;

/// For how many moments of [`Settings::gather_writes`](super::Settings::gather_writes) at most changes are gathered, while more keep coming.
const MOMENTS: u32 = 8;

type Key = (Owner, String);
pub(super) type Reply = Result<Outcome, OpError>;

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

/// The writers of all tokens.
#[derive(Default)]
pub(super) struct Writers(Mutex<HashMap<Key, Queue>>);

impl Writers {
    pub(super) async fn submit(&self, service: &Arc<Inner>, owner: &Owner, id: &str, op: Op) -> Reply {
        let (reply, answer) = oneshot::channel();
        let start = self.queue(&(owner.clone(), id.to_owned()), |queue| {
            queue.waiting.push(Queued { op, reply });
            !std::mem::replace(&mut queue.writing, true)
        });
        if start {
            let writer =
                Writer { service: service.clone(), key: (owner.clone(), id.to_owned()), done: false };
            tokio::spawn(writer.run());
        }
        answer.await.unwrap_or(Err(OpError::Internal))
    }

    fn queue<T>(&self, key: &Key, act: impl FnOnce(&mut Queue) -> T) -> T {
        act(guard(&self.0).entry(key.clone()).or_default())
    }
}

/// The task that writes a token, as long as there is something to write.
struct Writer {
    service: Arc<Inner>,
    key: Key,
    done: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // After a panic: whoever waits is told so, and the next caller starts anew.
        self.service.writers.queue(&self.key, |queue| {
            queue.writing = false;
            queue.waiting.clear();
        });
    }
}

impl Writer {
    async fn run(mut self) {
        loop {
            self.gather().await;
            let batch = self.service.writers.queue(&self.key, |queue| {
                let batch = std::mem::take(&mut queue.waiting);
                queue.writing = !batch.is_empty();
                batch
            });
            if batch.is_empty() {
                // Whoever comes from now on starts the next task, which this one's end must not disturb.
                self.done = true;
                return;
            }
            self.write(batch).await;
        }
    }

    /// Waits for a moment in which nobody new comes: callers that are started together arrive one by one.
    async fn gather(&self) {
        let waiting = || self.service.writers.queue(&self.key, |queue| queue.waiting.len());
        let mut seen = waiting();
        for _ in 0..MOMENTS {
            tokio::time::sleep(self.service.settings.gather_writes).await;
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
        let settings = &self.service.settings;
        let lock = if settings.stop.is_stopped() {
            Err(OpError::Stopped)
        } else {
            let (dir, api, id) = (&settings.lock_dir, &settings.base_url, &self.key.1);
            TokenLock::acquire(dir, api, id, settings.lock_wait, &settings.stop).await.map_err(OpError::from)
        };
        let _lock = match lock {
            Ok(lock) => lock,
            Err(error) => return batch.into_iter().for_each(|queued| tell(queued, Err(error.clone()))),
        };
        let mut changes = Vec::new();
        for queued in batch {
            match queued.op {
                Op::Change(_) => changes.push(queued),
                // In the order in which they came: what was asked before is done before.
                Op::Roll => {
                    self.change(std::mem::take(&mut changes)).await;
                    let outcome = self.commit().roll().await;
                    tell(queued, outcome);
                }
                Op::Delete => {
                    self.change(std::mem::take(&mut changes)).await;
                    let outcome = self.commit().delete().await;
                    tell(queued, outcome);
                }
            }
        }
        self.change(changes).await;
    }

    fn commit(&self) -> Commit<'_> {
        let (owner, id) = (&self.key.0, self.key.1.as_str());
        Commit { service: &self.service, owner, id, home: view::home(owner) }
    }

    async fn change(&self, queued: Vec<Queued>) {
        let changes: Vec<_> = queued
            .iter()
            .filter_map(|queued| match &queued.op {
                Op::Change(change) => Some(&**change),
                _ => None,
            })
            .collect();
        let mut claims = self.service.writers.queue(&self.key, |queue| queue.claims.clone());
        let replies = self.commit().change(&changes, &mut claims).await;
        self.service.writers.queue(&self.key, |queue| queue.claims = claims);
        queued.into_iter().zip(replies).for_each(|(queued, reply)| tell(queued, reply));
    }
}

fn tell(queued: Queued, reply: Reply) {
    // Whoever asked may be gone; what was done stays done.
    let _ = queued.reply.send(reply);
}
