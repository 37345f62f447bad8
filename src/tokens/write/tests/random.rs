//! Random schedules: the machine against a model of an API that lags, loses, refuses, keeps and comes late.
//!
//! What the model does follows from a list of numbers, so that proptest can find the shortest schedule that fails.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::tokens::view::fingerprints;

/// What an API does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whim {
    Right,
    /// A read shows the version before; a write takes effect and its answer is lost.
    Old,
    /// A read finds nothing; a write is lost without an effect.
    Missing,
    /// A read has no answer; a write is lost and takes effect later.
    Late,
    /// A write is refused, without an effect, for its credential.
    Forbidden,
    /// A write is refused, without an effect, for its content.
    Rejected,
    /// A write takes effect and is refused all the same.
    Lies,
    /// A write is answered as done, and what was to go stays.
    Keeps,
    /// Somebody else writes before the request.
    Others,
}

fn whim() -> impl Strategy<Value = Whim> {
    use Whim::*;
    prop_oneof![
        10 => Just(Right), 3 => Just(Old), 2 => Just(Missing), 3 => Just(Late),
        1 => Just(Forbidden), 1 => Just(Rejected), 1 => Just(Lies), 1 => Just(Keeps), 2 => Just(Others),
    ]
}

/// The token on the server, its versions, and writes that are under way.
struct Model {
    versions: Vec<Arc<Token>>,
    late: Vec<(Duration, Arc<Token>)>,
    /// Policies of others, which they put back and take away.
    others: BTreeSet<Fingerprint>,
    second: u32,
    whims: Vec<Whim>,
    at: usize,
    /// A write was refused although it took effect, or has landed late. The reads after that are right: where they lag as well,
    /// nothing can show it.
    unseen: bool,
}

impl Model {
    fn new(numbers: &[u8], whims: Vec<Whim>) -> Self {
        let (late, others) = Default::default();
        let versions = vec![token(0, numbers)];
        Self { versions, late, others, second: 0, whims, at: 0, unseen: false }
    }

    fn current(&self) -> &Arc<Token> {
        self.versions.last().unwrap()
    }

    fn whim(&mut self) -> Whim {
        self.at += 1;
        self.whims.get(self.at - 1).copied().unwrap_or(Whim::Right)
    }

    /// Whatever was under way until now has landed.
    fn land(&mut self, now: Duration) {
        let (landed, left): (Vec<_>, _) =
            std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = left;
        self.unseen |= !landed.is_empty();
        for (_, token) in landed {
            self.write(&token);
        }
    }

    fn write(&mut self, update: &Token) -> Arc<Token> {
        // Several writes fall into one second.
        self.second += u32::from(self.versions.len().is_multiple_of(3));
        let modified_on = token(self.second, &[]).modified_on;
        self.versions.push(Arc::new(Token { modified_on, ..update.clone() }));
        self.current().clone()
    }

    fn others_write(&mut self) {
        let mut changed = (**self.current()).clone();
        let theirs = view::write(&policy(20), &owner());
        let fingerprint = fingerprint(20);
        if self.others.remove(&fingerprint) {
            changed.policies.retain(|wire| view::read(wire, &owner()).unwrap().fingerprint() != fingerprint);
        } else {
            changed.policies.push(theirs);
            self.others.insert(fingerprint);
        }
        self.write(&changed);
    }

    fn read(&mut self, now: Duration) -> Result<Option<Arc<Token>>, Error> {
        self.land(now);
        match self.whim() {
            _ if self.unseen => Ok(Some(self.current().clone())),
            Whim::Old => Ok(Some(self.versions[self.versions.len().saturating_sub(2)].clone())),
            Whim::Missing => Ok(None),
            Whim::Late => Err(transport(TransportKind::Timeout, true)),
            Whim::Others => {
                self.others_write();
                Ok(Some(self.current().clone()))
            }
            _ => Ok(Some(self.current().clone())),
        }
    }

    fn put(&mut self, update: &crate::cloudflare::TokenUpdate, now: Duration) -> Result<Arc<Token>, Error> {
        self.land(now);
        self.unseen = false;
        let written = Token { policies: update.policies.clone(), ..(**self.current()).clone() };
        match self.whim() {
            Whim::Right | Whim::Others => Ok(self.write(&written)),
            Whim::Old => {
                self.write(&written);
                Err(no_answer())
            }
            Whim::Missing => Err(no_answer()),
            Whim::Late => {
                self.late.push((now + RULES.horizon / 2, Arc::new(written)));
                Err(no_answer())
            }
            Whim::Forbidden => Err(api(403, 9109)),
            Whim::Rejected => Err(api(400, 1001)),
            Whim::Lies => {
                self.unseen = true;
                self.write(&written);
                Err(api(403, 9109))
            }
            Whim::Keeps => {
                let mut kept = written.clone();
                let has: Vec<_> = kept.policies.iter().map(|wire| view::read(wire, &owner())).collect();
                let stays =
                    self.current().policies.iter().filter(|w| !has.contains(&view::read(w, &owner())));
                kept.policies.extend(stays.cloned().collect::<Vec<_>>());
                Ok(self.write(&kept))
            }
        }
    }

    fn has(&self) -> BTreeSet<Fingerprint> {
        fingerprints(self.current(), &owner())
    }
}

/// Runs a batch to its end, or until it is cut off after so many actions. The time that a request takes is a tenth of a second.
fn drive(model: &mut Model, write: &mut ChangeWrite, began: Duration, cut: usize) -> (Duration, bool) {
    let mut run = Run { machine: Borrowed(write), at: Duration::ZERO, stopped: false };
    let mut action = run.next(Event::Start);
    for _ in 0..cut {
        action = match run.waited(action) {
            Action::Read => {
                run.at += Duration::from_millis(100);
                let read = model.read(began + run.at);
                run.next(Event::Read(read))
            }
            Action::Put(update) => {
                run.at += Duration::from_millis(100);
                let answer = model.put(&update, began + run.at);
                run.next(Event::Put(answer))
            }
            Action::Done => return (began + run.at, true),
            other => panic!("{other:?}"),
        };
    }
    (began + run.at, false)
}

struct Borrowed<'a>(&'a mut ChangeWrite);

impl Machine for Borrowed<'_> {
    fn next(&mut self, event: Event, now: Now) -> Action {
        self.0.next(event, now)
    }
}

/// One object's changes: what it has in its state, and what it is to have.
#[derive(Clone, Debug)]
struct Turn {
    wanted: Vec<Vec<u8>>,
    whims: Vec<Whim>,
    /// The process dies after so many actions.
    crash: Option<usize>,
}

fn turn() -> impl Strategy<Value = Turn> {
    // Three bindings, with four policies of their own each.
    let wanted = prop::collection::vec(prop::collection::vec(0_u8..4, 0..3), 3);
    let whims = prop::collection::vec(whim(), 0..14);
    let crash = prop_oneof![5 => Just(None), 1 => (1_usize..8).prop_map(Some)];
    (wanted, whims, crash).prop_map(|(wanted, whims, crash)| Turn { wanted, whims, crash })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the API does, every policy of a binding that the token has is in that binding's state; nobody loses anything
    /// else; and a run in which nothing goes wrong ends with what was asked for.
    #[test]
    fn rights_end_as_the_last_certain_answer_says(turns in prop::collection::vec(turn(), 1..5)) {
        const FOREIGN: u8 = 25;
        let mut model = Model::new(&[FOREIGN], Vec::new());
        let (mut now, mut record, mut late) = (Duration::ZERO, (Claims::default(), belief()), None);
        // What each binding's state says that it may have on the token, and whether that is in doubt.
        let mut states: Vec<(BTreeSet<u8>, bool)> = vec![Default::default(); 3];
        let mut ghosts: BTreeSet<u8> = BTreeSet::new();
        let last = Turn { wanted: turns.last().unwrap().wanted.clone(), whims: Vec::new(), crash: None };
        for turn in turns.iter().chain([&last]) {
            (model.whims, model.at) = (turn.whims.clone(), 0);
            let wanted: Vec<BTreeSet<u8>> = turn.wanted.iter().enumerate()
                .map(|(binding, numbers)| numbers.iter().map(|n| 4 * binding as u8 + n).collect()).collect();
            let changes = states.iter().zip(&wanted).enumerate().map(|(binding, ((held, doubt), wanted))| {
                let (held, wanted): (Vec<_>, Vec<_>) = (held.iter().copied().collect(), wanted.iter().copied().collect());
                Change { again: *doubt, ..edit(&binding.to_string(), &held, &wanted) }
            }).collect();
            let (claims, belief) = record.clone();
            let mut write = ChangeWrite::new(&owner(), changes, claims, belief, late, RULES);
            let cut = turn.crash.unwrap_or(1000);
            let (then, ended) = drive(&mut model, &mut write, now, cut);
            prop_assert!(ended || turn.crash.is_some(), "it does not end");
            if !ended {
                // The state knows nothing of it: what this run may have added is known again once a run asks for it.
                ghosts.extend(wanted.iter().flatten().copied());
                (late, now) = (None, then + RULES.horizon);
                continue;
            }
            late = write.late_until.map(|until| (now + until).saturating_sub(then));
            let replies = write.replies();
            record = (write.claims.clone(), write.belief.clone());
            now = then;
            let shown = model.has();
            for ((state, wanted), reply) in states.iter_mut().zip(&wanted).zip(&replies) {
                match reply {
                    Ok(outcome) if outcome.concerns.is_empty() => *state = (wanted.clone(), false),
                    Ok(_) => { state.0.extend(wanted); state.1 = true; }
                    Err(error) if error.may_have_effect() => { state.0.extend(wanted); state.1 = true; }
                    // It had no effect: nothing that it would have added is there but what the state has.
                    Err(_) => {
                        for n in wanted.difference(&state.0).filter(|n| !ghosts.contains(n)) {
                            prop_assert!(!shown.contains(&fingerprint(*n)), "{n} is there, and nobody knows it");
                        }
                    }
                }
            }
            // Every policy of a binding that the token has is in that binding's state.
            model.land(now + RULES.horizon);
            for n in 0..12 {
                let known = states[usize::from(n / 4)].0.contains(&n) || ghosts.contains(&n);
                prop_assert!(known || !model.has().contains(&fingerprint(n)), "{n} is there, and in no state");
            }
            prop_assert!(model.has().contains(&fingerprint(FOREIGN)), "a foreign policy is lost");
        }
        // The last turn had an API that does as it says: all is as it is to be.
        for (binding, numbers) in last.wanted.iter().enumerate() {
            for n in 0..4 {
                let there = model.has().contains(&fingerprint(4 * binding as u8 + n));
                if !numbers.contains(&n) && ghosts.contains(&(4 * binding as u8 + n)) {
                    continue;
                }
                prop_assert_eq!(there, numbers.contains(&n), "binding {} policy {}", binding, n);
            }
        }
    }
}
