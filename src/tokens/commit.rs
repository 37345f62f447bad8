//! One write of a token, under its lock: read, fold, write once, read back; again if somebody else wrote meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::fold::{Claims, Folded, fold};
use super::op::{Change, Concern, OpError, Outcome};
use super::promise::Promise;
use super::service::Inner;
use super::writer::Reply;
use crate::cloudflare::{Error, Owner, Token, TransportKind, tokens};
use crate::policy::{Fingerprint, Home};

/// How often a change is written before it is given up.
const ATTEMPTS: u32 = 6;
/// How often a write without an answer is written again.
const LOST: u32 = 3;
/// How often a write may come too late after its read, for want of quota.
const LATE: u32 = 20;
/// How often a read-back may be older than the write.
const STALE: u32 = 5;
/// The API's timestamps are whole seconds.
const GRANULARITY: Duration = Duration::from_secs(1);

pub(super) struct Commit<'a> {
    pub(super) service: &'a Inner,
    pub(super) owner: &'a Owner,
    pub(super) id: &'a str,
    pub(super) home: Home,
}

/// How a read-back went.
enum Seen {
    Holds(Arc<Token>, Option<Concern>),
    Broken(Arc<Token>),
    Gone,
    Unreadable(Error),
}

impl Commit<'_> {
    /// Makes the changes, in order, in as few requests as possible: one reply each. If the API refuses them together,
    /// halves are tried, so that the culprit fails alone.
    pub(super) async fn change(&self, changes: &[&Change], claims: &mut Claims) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(changes.len());
        let mut work: Vec<&[&Change]> = vec![changes];
        while let Some(part) = work.pop().filter(|part| !part.is_empty()) {
            match self.together(part, claims).await {
                Some(done) => replies.extend(done),
                None => {
                    let (first, second) = part.split_at(part.len() / 2);
                    work.extend([second, first]);
                }
            }
        }
        replies
    }

    /// Makes the changes in one request; none, if the API refuses them and they are several.
    async fn together(&self, changes: &[&Change], claims: &mut Claims) -> Option<Vec<Reply>> {
        let settings = &self.service.settings;
        let all = |error: OpError| Some(changes.iter().map(|_| Err(error.clone())).collect());
        let mut adopted: Option<Vec<BTreeSet<Fingerprint>>> = None;
        let mut lost: Option<(Error, Instant)> = None;
        let (mut attempts, mut times_lost, mut times_late) = (0, 0, 0);
        loop {
            if settings.stop.is_stopped() && attempts == 0 && lost.is_none() {
                return all(OpError::Stopped);
            }
            let server = match self.service.reader.get_fresh(self.owner, self.id).await {
                Ok(Some(server)) => server,
                Ok(None) => return Some(gone(changes)),
                // A write came before it: what became of that one is not known.
                Err(error) if attempts > 0 || lost.is_some() => return all(OpError::Unknown(error)),
                Err(error) => return all(OpError::Api(error)),
            };
            let folded = fold(changes, &server, &self.home, claims);
            let adopted = &*adopted.get_or_insert_with(|| folded.adopted.clone());
            let (answer, put) = if !folded.changed {
                if lost.is_none() {
                    let none = vec![Vec::new(); changes.len()];
                    return Some(settle(changes, &server, folded, adopted, none, claims));
                }
                // The write that had no answer came through after all.
                (server.clone(), Instant::now())
            } else if let Some((error, until)) = lost.as_ref().filter(|(_, until)| Instant::now() < *until) {
                if settings.stop.is_stopped() {
                    return all(OpError::Unknown(error.clone()));
                }
                let rest = until.duration_since(Instant::now());
                settings.stop.sleep(rest.min(settings.ambiguity_horizon / 8)).await;
                continue;
            } else {
                match self.put(&folded).await {
                    Ok(answer) => (Arc::new(answer), Instant::now()),
                    Err(error) if error.is_ambiguous() => {
                        times_lost += 1;
                        if times_lost > LOST {
                            return all(OpError::Unknown(error));
                        }
                        lost = Some((error, Instant::now() + settings.ambiguity_horizon));
                        continue;
                    }
                    Err(error) if (is_late(&error) || error.is_rate_limited()) && times_late < LATE => {
                        times_late += 1;
                        continue;
                    }
                    // The next read says so.
                    Err(error) if error.is_not_found() && times_late < LATE => {
                        times_late += 1;
                        settings.stop.sleep(settings.contention_pause).await;
                        continue;
                    }
                    Err(error) if error.is_policy_rejection() && changes.len() > 1 => return None,
                    Err(error) => return all(OpError::Api(error)),
                }
            };
            lost = None;
            attempts += 1;
            let (promise, mut concerns) = Promise::new(changes, &folded.update, &answer, &self.home);
            let seen = match self.read_back(&promise, &answer, put).await {
                Seen::Holds(token, concern) => {
                    concerns.iter_mut().for_each(|concerns| concerns.extend(concern.clone()));
                    return Some(settle(changes, &token, folded, adopted, concerns, claims));
                }
                Seen::Gone => return Some(gone(changes)),
                Seen::Unreadable(error) => return all(OpError::Unknown(error)),
                Seen::Broken(token) => token,
            };
            tracing::warn!(
                token = self.id,
                attempts,
                "somebody else writes the token: the change is made again"
            );
            if attempts >= ATTEMPTS || settings.stop.is_stopped() {
                return Some(self.give_up(changes, &seen, adopted, attempts, claims));
            }
            let pause = settings.contention_pause * 2_u32.pow(attempts);
            settings.stop.sleep(jittered(pause.min(Duration::from_secs(8)))).await;
        }
    }

    /// Not repeated by the client: what had no answer is looked for first.
    async fn put(&self, folded: &Folded) -> Result<Token, Error> {
        let request = tokens::update(self.owner, self.id, &folded.update)
            .once()
            .start_within(self.service.settings.read_to_write);
        self.service.reader.written(self.owner, self.id);
        let answer = self.service.client.send(request).await;
        self.service.reader.written(self.owner, self.id);
        answer
    }

    /// Reads the token until it shows the promise or its breach. Where other hosts write, a removal must hold until every
    /// write that is based on an earlier read has landed: so long that nothing was written for the window.
    async fn read_back(&self, promise: &Promise, answer: &Token, put: Instant) -> Seen {
        let settings = &self.service.settings;
        let window = settings.concurrent_writers_window;
        let (mut modified, mut since, mut stale) = (answer.modified_on, put, 0);
        let watch = !window.is_zero() && promise.takes_away();
        loop {
            let token = match self.service.reader.get_fresh(self.owner, self.id).await {
                Ok(Some(token)) => token,
                Ok(None) => return Seen::Gone,
                Err(error) => return Seen::Unreadable(error),
            };
            if token.modified_on < answer.modified_on && stale < STALE {
                stale += 1;
                settings.stop.sleep(settings.contention_pause).await;
                continue;
            }
            if !promise.holds(&token, &self.home) {
                return Seen::Broken(token);
            }
            if !watch {
                return Seen::Holds(token, None);
            }
            if token.modified_on != modified {
                (modified, since) = (token.modified_on, Instant::now());
            }
            let rest = (window + GRANULARITY).saturating_sub(since.elapsed());
            if rest.is_zero() {
                return Seen::Holds(token, None);
            }
            if settings.stop.is_stopped() {
                return Seen::Holds(token, Some(Concern::NotWatched));
            }
            settings.stop.sleep(rest).await;
        }
    }

    /// Changes that hold all the same have succeeded.
    fn give_up(
        &self,
        changes: &[&Change],
        token: &Arc<Token>,
        adopted: &[BTreeSet<Fingerprint>],
        attempts: u32,
        claims: &mut Claims,
    ) -> Vec<Reply> {
        let one = |(change, adopted): (&&Change, &BTreeSet<Fingerprint>)| {
            let folded = fold(&[change], token, &self.home, claims);
            if folded.changed {
                return Err(OpError::Contention { attempts });
            }
            *claims = folded.claims;
            Ok(Outcome { token: Some(token.clone()), adopted: adopted.clone(), ..Outcome::default() })
        };
        changes.iter().zip(adopted).map(one).collect()
    }

    /// A new value. A lost answer leaves nobody with the value, so the token is rolled again.
    pub(super) async fn roll(&self) -> Reply {
        let settings = &self.service.settings;
        let mut lost = None;
        for attempt in 0..=LOST {
            if settings.stop.is_stopped() {
                return Err(lost.map_or(OpError::Stopped, OpError::Unknown));
            }
            self.service.reader.written(self.owner, self.id);
            let rolled = self.service.client.send(tokens::roll(self.owner, self.id)).await;
            self.service.reader.written(self.owner, self.id);
            match rolled {
                Ok(value) => {
                    // The value must not be lost for want of a read.
                    let token = self.service.reader.get_fresh(self.owner, self.id).await.ok().flatten();
                    return Ok(Outcome { token, value: Some(value), ..Outcome::default() });
                }
                Err(error) if error.is_not_found() => return Err(OpError::Gone),
                Err(error) if error.is_ambiguous() => lost = Some(error),
                Err(error) => return Err(lost.map_or(OpError::Api(error), OpError::Unknown)),
            }
            settings.stop.sleep(jittered(settings.contention_pause * 2_u32.pow(attempt))).await;
        }
        Err(lost.map_or(OpError::Internal, OpError::Unknown))
    }

    /// Deletes the token; that it is gone already is a success.
    pub(super) async fn delete(&self) -> Reply {
        if self.service.settings.stop.is_stopped() {
            return Err(OpError::Stopped);
        }
        self.service.reader.written(self.owner, self.id);
        let deleted = self.service.client.send(tokens::delete(self.owner, self.id)).await;
        self.service.reader.written(self.owner, self.id);
        match deleted {
            Ok(()) => Ok(Outcome::default()),
            Err(error) if error.is_not_found() => Ok(Outcome::default()),
            Err(error) if error.is_ambiguous() => {
                match self.service.reader.get_fresh(self.owner, self.id).await {
                    Ok(None) => Ok(Outcome::default()),
                    _ => Err(OpError::Unknown(error)),
                }
            }
            Err(error) => Err(OpError::Api(error)),
        }
    }
}

fn settle(
    changes: &[&Change],
    token: &Arc<Token>,
    folded: Folded,
    adopted: &[BTreeSet<Fingerprint>],
    concerns: Vec<Vec<Concern>>,
    claims: &mut Claims,
) -> Vec<Reply> {
    *claims = folded.claims;
    let one = |((overruled, adopted), concerns): ((&bool, &BTreeSet<Fingerprint>), Vec<Concern>)| {
        if *overruled {
            return Err(OpError::Overruled);
        }
        Ok(Outcome { token: Some(token.clone()), value: None, adopted: adopted.clone(), concerns })
    };
    debug_assert_eq!(changes.len(), concerns.len());
    folded.overruled.iter().zip(adopted).zip(concerns).map(one).collect()
}

/// The token does not exist: what was to be removed is removed.
fn gone(changes: &[&Change]) -> Vec<Reply> {
    let one = |change: &&Change| {
        if change.only_removes() { Ok(Outcome::default()) } else { Err(OpError::Gone) }
    };
    changes.iter().map(one).collect()
}

fn is_late(error: &Error) -> bool {
    matches!(error, Error::Transport { kind: TransportKind::TooLate, .. })
}

/// A random part of it, so that those who met once do not meet again.
fn jittered(most: Duration) -> Duration {
    most.mul_f64(f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX))
}
