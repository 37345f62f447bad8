//! The machines, transition by transition.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde_json::json;
use time::OffsetDateTime;

use super::machine::{Action, Event, Machine, Now, Reply};
use super::{ChangeWrite, DeleteWrite, RollWrite};
use crate::cloudflare::{ApiError, Error, Owner, Token, TransportKind};
use crate::policy::{Effect, Fingerprint, Policy, Resource};
use crate::tokens::belief::{Belief, Floor};
use crate::tokens::claims::Claims;
use crate::tokens::op::{Cause, Change, Concern, Fields, PolicyChange};
use crate::tokens::settings::Rules;
use crate::tokens::view;

mod change;
mod edges;
mod random;
mod value;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

fn owner() -> Owner {
    Owner::Account(ACCOUNT.into())
}

/// The n-th of some policies that differ.
fn policy(n: u8) -> Policy {
    let zone = format!("com.cloudflare.api.account.zone.{:032x}", n);
    let resources = [(zone, Resource::Flat("*".into()))].into();
    Policy::new(Effect::Allow, [format!("{:032x}", 100 + n).parse().unwrap()].into(), resources, &owner())
}

fn fingerprint(n: u8) -> Fingerprint {
    policy(n).fingerprint()
}

/// A token with these policies, last changed in this second.
fn token(second: u32, numbers: &[u8]) -> Arc<Token> {
    let mut token: Token = serde_json::from_value(json!({
        "id": "ffffffffffffffffffffffffffffffff", "name": "shared", "status": "active", "policies": [],
        "modified_on": format!("2026-01-01T00:{:02}:{:02}Z", second / 60, second % 60),
    }))
    .unwrap();
    token.policies = numbers.iter().map(|n| view::write(&policy(*n), &owner())).collect();
    Arc::new(token)
}

fn with_status(status: &str, token: Arc<Token>) -> Arc<Token> {
    Arc::new(Token { status: status.into(), ..(*token).clone() })
}

fn edit(by: &str, remove: &[u8], add: &[u8]) -> Change {
    let remove = remove.iter().map(|n| fingerprint(*n)).collect();
    let add = add.iter().map(|n| policy(*n)).collect();
    let policies = Some(PolicyChange::Edit { remove, add });
    Change { by: by.into(), policies, ..Change::default() }
}

const RULES: Rules = Rules {
    attempts: 6,
    lost: 3,
    late: 20,
    kept: 2,
    horizon: Duration::from_secs(4),
    window: Duration::ZERO,
    pause: Duration::from_millis(250),
};

fn belief() -> Belief {
    Belief::new(None, false, RULES.pause)
}

fn change_write(changes: Vec<Change>) -> ChangeWrite {
    ChangeWrite::new(&owner(), changes, Claims::default(), belief(), None, RULES)
}

fn api(status: u16, code: u32) -> Error {
    let error = ApiError {
        code,
        message: "refused".into(),
        pointer: None,
        documentation_url: None,
        chain: Vec::new(),
    };
    let (method, path) = (Method::PUT, "/tokens/f".to_owned());
    Error::Api { status, errors: vec![error], method, path, ray: None, retry_after: None }
}

fn transport(kind: TransportKind, sent: bool) -> Error {
    Error::Transport { kind, sent, detail: "x".into(), method: Method::PUT, path: "/tokens/f".into() }
}

fn stopped() -> Error {
    Error::Stopped { method: Method::PUT, path: "/tokens/f".into(), waited: "x".into() }
}

fn no_answer() -> Error {
    transport(TransportKind::Timeout, true)
}

/// A machine and the time, which passes by its waits alone.
struct Run<M> {
    machine: M,
    at: Duration,
    stopped: bool,
}

impl<M: Machine> Run<M> {
    fn new(machine: M) -> Self {
        Self { machine, at: Duration::ZERO, stopped: false }
    }

    fn now(&self) -> Now {
        let date = OffsetDateTime::from_unix_timestamp(1_767_225_600).unwrap() + self.at;
        Now { at: self.at, date, stopped: self.stopped && !self.machine.ignores_stop() }
    }

    fn next(&mut self, event: Event) -> Action {
        let now = self.now();
        self.machine.next(event, now)
    }

    /// Waits as long as the machine wants to, and says what it does then.
    fn waited(&mut self, action: Action) -> Action {
        let mut action = action;
        while let Action::Wait { at_most, .. } = action {
            self.at += at_most;
            action = self.next(Event::Waited);
        }
        action
    }

    #[track_caller]
    fn reads(&mut self, action: Action, token: Option<&Arc<Token>>) -> Action {
        let action = self.waited(action);
        assert!(matches!(action, Action::Read), "{action:?}");
        self.next(Event::Read(Ok(token.cloned())))
    }

    #[track_caller]
    fn puts(&mut self, action: Action, answer: Result<Arc<Token>, Error>) -> Action {
        let action = self.waited(action);
        assert!(matches!(action, Action::Put(_)), "{action:?}");
        self.next(Event::Put(answer))
    }

    #[track_caller]
    fn is_done(&mut self, action: &Action) {
        assert!(matches!(action, Action::Done), "{action:?}");
    }
}

fn numbers(update: &crate::cloudflare::TokenUpdate) -> Vec<u8> {
    let read = |wire| view::read(wire, &owner()).unwrap().fingerprint();
    let sent: Vec<_> = update.policies.iter().map(read).collect();
    (0..32).filter(|n| sent.contains(&fingerprint(*n))).collect()
}

#[track_caller]
fn error(reply: &Reply) -> (&Cause, bool) {
    let error = reply.as_ref().expect_err("it should have failed");
    (&error.cause, error.may_have_effect())
}
