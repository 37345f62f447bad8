//! Changes of fields and policies: read, fold, put, read back, and the handling of everything that can go wrong.

use std::collections::BTreeSet;
use std::mem::{replace, take};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::machine::{Action, Event, GRANULARITY, Machine, Now, Reply, cause, is_dead, is_late};
use crate::cloudflare::{Error, Owner, Token};
use crate::policy::Fingerprint;
use crate::tokens::belief::{Belief, Floor, Weighed};
use crate::tokens::claims::Claims;
use crate::tokens::fold::{Folded, fold};
use crate::tokens::op::{Cause, Change, Concern, OpError, Outcome};
use crate::tokens::promise::{Compared, Promise};
use crate::tokens::record::OwnWrites;
use crate::tokens::settings::Rules;

/// The longest wait before a repetition of a change that another writer undid.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// A batch of changes of one token.
#[derive(Debug)]
pub(in crate::tokens) struct ChangeWrite {
    owner: Owner,
    rules: Rules,
    changes: Vec<Change>,
    /// The claims on policies.
    pub(in crate::tokens) claims: Claims,
    /// The known version of the token.
    pub(in crate::tokens) belief: Belief,
    /// Until when a write without an answer may still take effect.
    pub(in crate::tokens) late_until: Option<Duration>,
    /// The writes so far.
    pub(in crate::tokens) own: Option<OwnWrites>,
    /// The time of the version that the last write is based on.
    based_on: Option<OffsetDateTime>,
    replies: Vec<Option<Reply>>,
    /// For each change, whether a write with it may have taken effect. A later refusal does not undo that.
    may_have_effect: Vec<bool>,
    /// The parts of the batch that are not yet written.
    parts: Vec<Part>,
    part: Part,
    step: Step,
}

/// Changes that are written together.
#[derive(Clone, Debug, Default)]
struct Part {
    changes: Range<usize>,
    /// For each change, the policies that the token had before any write of this batch and that were not the change's own.
    adopted: Option<Vec<BTreeSet<Fingerprint>>>,
    /// How often it was written.
    attempts: u32,
    /// How often a write got no answer.
    lost: u32,
    /// How often a write came too late after its read.
    late: u32,
    /// How often the API said that the token does not exist.
    gone: u32,
    /// How often an answer still had what should be removed.
    kept: u32,
}

#[derive(Debug, Default)]
enum Step {
    Start,
    Reading(Purpose),
    Waiting(Purpose),
    Putting(Box<Folded>),
    #[default]
    Done,
}

/// Why the token is read.
#[derive(Debug)]
enum Purpose {
    /// To fold the changes into it.
    Fold,
    /// A write got no answer: to see whether it took effect, until this time.
    Lost { error: Error, until: Duration },
    /// A write was refused: to see whether it took effect all the same.
    Refused { error: Error, was_changed: bool },
    /// To see whether a write holds.
    Verify(Box<Written>),
}

/// A write that took effect.
#[derive(Debug)]
struct Written {
    folded: Folded,
    promise: Promise,
    /// When the token was last changed, and since when that is known.
    modified_on: Option<OffsetDateTime>,
    since: Duration,
}

impl ChangeWrite {
    /// `late_until`: a write of the same token without an answer may take effect until then.
    pub(in crate::tokens) fn new(
        owner: &Owner,
        changes: Vec<Change>,
        claims: Claims,
        belief: Belief,
        late_until: Option<Duration>,
        rules: Rules,
    ) -> Self {
        let count = changes.len();
        Self {
            owner: owner.clone(),
            rules,
            changes,
            claims,
            belief,
            late_until,
            own: None,
            based_on: None,
            replies: (0..count).map(|_| None).collect(),
            may_have_effect: vec![false; count],
            parts: vec![Part { changes: 0..count, ..Part::default() }],
            part: Part::default(),
            step: Step::Start,
        }
    }

    /// One reply for each change, in their order.
    pub(in crate::tokens) fn replies(&mut self) -> Vec<Reply> {
        let internal = || Err(OpError { cause: Cause::Internal, may_have_effect: true });
        self.replies.iter_mut().map(|reply| reply.take().unwrap_or_else(internal)).collect()
    }

    fn changes(&self) -> Vec<&Change> {
        self.changes[self.part.changes.clone()].iter().collect()
    }

    // What to do next.

    fn read(&mut self, purpose: Purpose) -> Action {
        self.step = Step::Reading(purpose);
        Action::Read
    }

    fn wait(&mut self, at_most: Duration, random: bool, purpose: Purpose) -> Action {
        self.step = Step::Waiting(purpose);
        Action::Wait { at_most, random }
    }

    fn put(&mut self, folded: Folded, onto: &Token) -> Action {
        self.based_on = onto.modified_on;
        let update = Box::new(folded.update.clone());
        self.step = Step::Putting(Box::new(folded));
        Action::Put(update)
    }

    /// Begins the next part; `token` was just read.
    fn next_part(&mut self, token: Option<&Arc<Token>>, now: Now) -> Action {
        loop {
            match self.parts.pop() {
                None => return Action::Done,
                Some(part) if part.changes.is_empty() => {}
                Some(part) => {
                    self.part = part;
                    if now.stopped {
                        self.fail_all(|_| Cause::Stopped);
                    } else {
                        return match token {
                            Some(token) => self.fold(token, now),
                            None => self.read(Purpose::Fold),
                        };
                    }
                }
            }
        }
    }

    // The replies.

    fn fail_all(&mut self, cause: impl Fn(&Change) -> Cause) {
        for index in self.part.changes.clone() {
            let (cause, may_have_effect) = (cause(&self.changes[index]), self.may_have_effect[index]);
            self.replies[index] = Some(Err(OpError { cause, may_have_effect }));
        }
    }

    fn fail(&mut self, cause: Cause, now: Now) -> Action {
        self.fail_all(|_| cause.clone());
        self.next_part(None, now)
    }

    /// The token does not exist: everything that should be removed is gone, and no right is left.
    fn gone(&mut self, now: Now) -> Action {
        for index in self.part.changes.clone() {
            let gone = OpError::without_effect(Cause::Gone);
            let removes = self.changes[index].only_removes();
            self.replies[index] = Some(if removes { Ok(Outcome::default()) } else { Err(gone) });
        }
        self.next_part(None, now)
    }

    /// All of it holds.
    fn settle(
        &mut self,
        token: &Arc<Token>,
        folded: Folded,
        concerns: Vec<Vec<Concern>>,
        now: Now,
    ) -> Action {
        self.belief.raise(Floor::of(token, &self.owner, now.date));
        self.claims = folded.claims;
        let adopted = self.part.adopted.clone().unwrap_or(folded.adopted);
        let each = self.part.changes.clone().zip(adopted).zip(concerns).zip(folded.overruled);
        for (((index, adopted), concerns), overruled) in each {
            let outcome = Outcome { token: Some(token.clone()), adopted, concerns, ..Outcome::default() };
            let overruled = overruled.then(|| OpError::without_effect(Cause::Overruled));
            self.replies[index] = Some(overruled.map_or(Ok(outcome), Err));
        }
        self.next_part(None, now)
    }

    /// Ends after too many attempts. Changes that hold all the same have succeeded.
    fn give_up(&mut self, token: &Arc<Token>, left: &BTreeSet<Fingerprint>, now: Now) -> Action {
        let adopted = self.part.adopted.clone().unwrap_or_default();
        let attempts = self.part.attempts;
        for (nth, index) in self.part.changes.clone().enumerate() {
            let alone = fold(&[&self.changes[index]], token, &self.owner, &self.claims);
            self.replies[index] = Some(if alone.changed {
                let removed = self.changes[index].removed();
                let policies: BTreeSet<_> = removed.intersection(left).copied().collect();
                let is_kept = self.part.kept >= self.rules.kept && !left.is_empty();
                let cause = match is_kept {
                    true if policies.is_empty() => Cause::Kept { policies: left.clone() },
                    true => Cause::Kept { policies },
                    false => Cause::Contention { attempts },
                };
                Err(OpError { cause, may_have_effect: true })
            } else {
                self.claims = alone.claims;
                let adopted = adopted.get(nth).cloned().unwrap_or_default();
                Ok(Outcome { token: Some(token.clone()), adopted, ..Outcome::default() })
            });
        }
        self.next_part(None, now)
    }

    /// The API refuses to write a dead token. Its rights are gone, so removals succeed and additions fail.
    fn dead(&mut self, token: &Arc<Token>, error: &Error, now: Now) -> Action {
        for index in self.part.changes.clone() {
            let change = &self.changes[index];
            self.replies[index] = Some(if change.only_removes() {
                let by = change.by.clone();
                let gone: Vec<_> =
                    change.removed().into_iter().filter(|fp| !self.claims.release(fp, &by)).collect();
                self.claims.owe(gone);
                Ok(Outcome { token: Some(token.clone()), ..Outcome::default() })
            } else {
                let may_have_effect = self.may_have_effect[index];
                Err(OpError { cause: Cause::Api(error.clone()), may_have_effect })
            });
        }
        self.next_part(None, now)
    }

    // The events.

    fn seen(&mut self, purpose: Purpose, read: Result<Option<Arc<Token>>, Error>, now: Now) -> Action {
        let token = match read {
            Ok(token) => token,
            Err(error) => {
                return match purpose {
                    // The refusal stands, although it could not be checked.
                    Purpose::Refused { error, .. } => {
                        self.sent();
                        self.refused(error, None, now)
                    }
                    _ => self.fail(cause(error), now),
                };
            }
        };
        match self.belief.weigh(token.as_deref(), &self.owner, now.date) {
            Weighed::Believed => self.newest(token.as_deref(), now),
            Weighed::Again { doubtful: true, .. } if self.is_shown(&purpose, token.as_deref()) => {}
            Weighed::Again { .. } if now.stopped => return self.fail(Cause::Stopped, now),
            Weighed::Again { wait, .. } => return self.wait(wait, false, purpose),
            Weighed::Outdated => return self.fail(Cause::Outdated, now),
        }
        let Some(token) = token else { return self.gone(now) };
        match purpose {
            Purpose::Fold => self.fold(&token, now),
            Purpose::Lost { error, until } => self.lost(&token, error, until, now),
            Purpose::Refused { error, was_changed } => {
                let folded = self.folded(&token);
                if was_changed && !folded.changed {
                    self.took_effect(&token, folded, now)
                } else {
                    self.refused(error, Some(&token), now)
                }
            }
            Purpose::Verify(written) => self.verify(&token, *written, now),
        }
    }

    /// Raises the floor to this version.
    fn newest(&mut self, token: Option<&Token>, now: Now) {
        if let Some(token) = token {
            self.belief.raise(Floor::of(token, &self.owner, now.date));
        }
    }

    fn folded(&self, token: &Token) -> Folded {
        fold(&self.changes(), token, &self.owner, &self.claims)
    }

    /// Whether a read that may be old shows the effect of an answered write. Without an answer it proves nothing: an older
    /// version may look as if a removal had been done.
    fn is_shown(&self, purpose: &Purpose, token: Option<&Token>) -> bool {
        let (Purpose::Verify(written), Some(token)) = (purpose, token) else { return false };
        written.promise.compare(token, &self.owner) != Compared::Broken
    }

    /// Folds the changes into the token, and writes it if that changes something.
    fn fold(&mut self, token: &Arc<Token>, now: Now) -> Action {
        let folded = self.folded(token);
        self.part.adopted.get_or_insert_with(|| folded.adopted.clone());
        let again = self.part.attempts == 0 && self.changes().iter().any(|change| change.again);
        if !folded.changed && !again {
            let promise = Promise::new(&self.changes(), &folded, token, &self.owner);
            return self.verify(token, self.written(token, folded, promise, now), now);
        }
        // Nothing new is started.
        if now.stopped {
            return self.fail(Cause::Stopped, now);
        }
        self.put(folded, token)
    }

    fn written(&self, token: &Token, folded: Folded, promise: Promise, now: Now) -> Written {
        Written { folded, promise, modified_on: token.modified_on, since: now.at }
    }

    fn answered(&mut self, folded: Folded, answer: Result<Arc<Token>, Error>, now: Now) -> Action {
        let error = match answer {
            Ok(token) => {
                self.sent();
                self.part.attempts += 1;
                self.newest(Some(&token), now);
                self.wrote(&token);
                let promise = Promise::new(&self.changes(), &folded, &token, &self.owner);
                if !promise.left(&token, &self.owner).is_empty() {
                    self.part.kept += 1;
                }
                let written = self.written(&token, folded, promise, now);
                return self.read(Purpose::Verify(Box::new(written)));
            }
            Err(error) => error,
        };
        if error.is_ambiguous() {
            self.sent();
            self.part.lost += 1;
            let until = now.at + self.rules.horizon;
            self.late_until = Some(self.late_until.map_or(until, |before| before.max(until)));
            return self.read(Purpose::Lost { error, until });
        }
        if matches!(error, Error::Stopped { .. }) {
            return self.fail(Cause::Stopped, now);
        }
        if is_late(&error) && self.part.late < self.rules.late {
            self.part.late += 1;
            return self.read(Purpose::Fold);
        }
        // A read shows whether that is true.
        if error.is_not_found() && self.part.gone < self.rules.attempts {
            self.part.gone += 1;
            return self.wait(self.rules.pause, false, Purpose::Fold);
        }
        self.read(Purpose::Refused { error, was_changed: folded.changed })
    }

    /// Records that a write has made this version.
    fn wrote(&mut self, token: &Token) {
        let one = OwnWrites::one(self.based_on, token.modified_on);
        self.own = one.map(|one| one.after(self.own));
    }

    /// Records that a write was sent whose effect no error can undo.
    fn sent(&mut self) {
        self.may_have_effect[self.part.changes.clone()].fill(true);
    }

    /// Handles a write without an answer. It took effect, or it may yet, or it is made again.
    fn lost(&mut self, token: &Arc<Token>, error: Error, until: Duration, now: Now) -> Action {
        let folded = self.folded(token);
        if !folded.changed {
            return self.took_effect(token, folded, now);
        }
        if now.stopped || (now.at >= until && self.part.lost > self.rules.lost) {
            return self.fail(cause(error), now);
        }
        if now.at < until {
            let wait = (until - now.at).min(self.rules.horizon / 8);
            return self.wait(wait, false, Purpose::Lost { error, until });
        }
        self.put(folded, token)
    }

    /// A write without a proper answer shows its effect in a read.
    fn took_effect(&mut self, token: &Arc<Token>, folded: Folded, now: Now) -> Action {
        self.sent();
        self.part.attempts += 1;
        // Something else may have made the version that was read.
        self.own = None;
        let promise = Promise::new(&self.changes(), &folded, token, &self.owner);
        let written = self.written(token, folded, promise, now);
        self.verify(token, written, now)
    }

    /// The API refused, and nothing contradicts the refusal. The batch is halved, so that only the faulty change fails.
    fn refused(&mut self, error: Error, token: Option<&Arc<Token>>, now: Now) -> Action {
        if !error.is_policy_rejection() {
            return self.fail(cause(error), now);
        }
        let revives = self.changes().iter().any(|change| change.fields.expires_on.is_some());
        match token {
            Some(token) if is_dead(token) && !revives => self.dead(token, &error, now),
            _ if self.part.changes.len() > 1 => {
                self.split();
                self.next_part(token, now)
            }
            _ => self.fail(cause(error), now),
        }
    }

    fn split(&mut self) {
        let Part { changes: Range { start, end }, adopted, .. } = take(&mut self.part);
        let middle = usize::midpoint(start, end);
        let part = |changes: Range<usize>| {
            let own = changes.start - start..changes.end - start;
            // The halves keep what was known before: a write of the whole batch may have taken effect.
            let adopted = adopted.as_ref().and_then(|all| all.get(own)).map(<[_]>::to_vec);
            Part { changes, adopted, ..Part::default() }
        };
        self.parts.extend([part(middle..end), part(start..middle)]);
    }

    /// Compares what was read with what was written. A removal is watched until no write that is based on an earlier read,
    /// and no write without an answer, can bring the policy back.
    fn verify(&mut self, token: &Arc<Token>, written: Written, now: Now) -> Action {
        let Written { folded, promise, mut modified_on, mut since } = written;
        let mut concerns = match promise.compare(token, &self.owner) {
            Compared::Holds(concerns) => concerns,
            Compared::Broken => return self.broken(token, &promise, now),
        };
        if token.modified_on != modified_on {
            (modified_on, since) = (token.modified_on, now.at);
        }
        let window = (!self.rules.window.is_zero() && self.part.attempts > 0)
            .then(|| since + self.rules.window + GRANULARITY);
        let window = window.filter(|_| promise.takes_away());
        let late = self.late_until.filter(|_| promise.restricts());
        let watched = window.into_iter().chain(late).max();
        match watched.map(|until| until.saturating_sub(now.at)) {
            Some(rest) if !rest.is_zero() && now.stopped => {
                concerns.iter_mut().for_each(|concerns| concerns.push(Concern::NotWatched));
            }
            Some(rest) if !rest.is_zero() => {
                let written = Written { folded, promise, modified_on, since };
                return self.wait(rest, false, Purpose::Verify(Box::new(written)));
            }
            _ => {}
        }
        self.settle(token, folded, concerns, now)
    }

    /// The token does not show what was written: another writer changed it, or the API does not do what it answered.
    fn broken(&mut self, token: &Arc<Token>, promise: &Promise, now: Now) -> Action {
        let left = promise.left(token, &self.owner);
        let enough = self.part.attempts >= self.rules.attempts || self.part.kept >= self.rules.kept;
        if enough || now.stopped {
            return self.give_up(token, &left, now);
        }
        let pause = self.rules.pause * 2_u32.saturating_pow(self.part.attempts);
        self.wait(pause.min(LONGEST_PAUSE), true, Purpose::Fold)
    }
}

impl Machine for ChangeWrite {
    fn next(&mut self, event: Event, now: Now) -> Action {
        match (replace(&mut self.step, Step::Done), event) {
            (Step::Start, Event::Start) => self.next_part(None, now),
            (Step::Reading(purpose), Event::Read(read)) => self.seen(purpose, read, now),
            (Step::Waiting(purpose), Event::Waited) => self.read(purpose),
            (Step::Putting(folded), Event::Put(answer)) => self.answered(*folded, answer, now),
            // The runner returns what the machine asked for. Callers without a reply get an error about a bug.
            _ => Action::Done,
        }
    }
}
