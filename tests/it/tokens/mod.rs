//! The token service against the simulator: many callers and many hosts change one token.

#![allow(clippy::unwrap_used, reason = "clippy knows tests by their attribute, and helpers have none")]

mod certainty;
mod create;
mod faults;
mod hosts;
mod reads;
mod schedules;
mod service;
mod succession;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cloudflare_tokens::cloudflare::{Client, ClientConfig, Credentials, Owner};
use cloudflare_tokens::host::HostFiles;
use cloudflare_tokens::policy::{Effect, Fingerprint, Policy, Resource};
use cloudflare_tokens::tokens::{
    Cause, Change, Op, OpError, Outcome, OwnToken, PolicyChange, Settings, TokenPolicies, TokenService,
};
use futures_util::future::join_all;
use serde_json::json;
use tempfile::TempDir;

use crate::simulator::{Options, Simulator};

/// A simulator and the policies for its tokens.
struct World {
    sim: Simulator,
    owner: Owner,
    groups: Vec<String>,
}

/// A process on its own host.
#[derive(Clone)]
struct Host {
    service: TokenService,
    owner: Owner,
    /// Keeps the directory as long as the host exists.
    _locks: Arc<TempDir>,
}

impl World {
    async fn new(options: Options) -> Self {
        let sim = Simulator::start(options).await;
        let owner = Owner::Account(sim.account_id());
        let catalogue: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../../data/permission_groups.json")).unwrap();
        let of_account =
            |group: &&serde_json::Value| group["scopes"] == json!(["com.cloudflare.api.account"]);
        let groups =
            catalogue.iter().filter(of_account).map(|group| group["id"].as_str().unwrap().into()).collect();
        Self { sim, owner, groups }
    }

    fn home(&self) -> Owner {
        Owner::Account(self.sim.account_id())
    }

    fn settings(&self, locks: &TempDir) -> Settings {
        Settings {
            gather_reads: Duration::from_millis(5),
            gather_writes: Duration::from_millis(10),
            ambiguity_horizon: Duration::from_millis(200),
            pause: Duration::from_millis(10),
            own_token: OwnToken::OfAccount,
            ..Settings::new(HostFiles::new([locks.path().join("locks")]), self.sim.base_url())
        }
    }

    fn host(&self) -> Host {
        self.host_with(|_| {})
    }

    fn host_with(&self, set: impl FnOnce(&mut Settings)) -> Host {
        self.process(Arc::new(tempfile::tempdir().unwrap()), set)
    }

    fn process(&self, locks: Arc<TempDir>, set: impl FnOnce(&mut Settings)) -> Host {
        let mut settings = self.settings(&locks);
        set(&mut settings);
        let client = Client::new(ClientConfig {
            base_url: self.sim.base_url(),
            request_timeout: Duration::from_millis(1500),
            ..ClientConfig::new(Credentials::Token(self.sim.root_token().into()))
        });
        let service = TokenService::new(client.unwrap(), settings);
        Host { service, owner: self.owner.clone(), _locks: locks }
    }

    /// The n-th policy of many different ones.
    fn policy(&self, n: usize) -> Policy {
        let account = format!("com.cloudflare.api.account.{}", self.sim.account_id());
        let all = BTreeMap::from([(account, Resource::Flat("*".into()))]);
        Policy::new(Effect::Allow, BTreeSet::from([self.groups[n].parse().unwrap()]), all, &self.home())
    }

    fn fingerprints(&self, numbers: impl IntoIterator<Item = usize>) -> BTreeSet<Fingerprint> {
        numbers.into_iter().map(|n| self.policy(n).fingerprint()).collect()
    }

    /// Creates a token with these policies. Returns its id.
    fn mint(&self, name: &str, numbers: &[usize]) -> String {
        let wire = |policy: Policy| {
            let wire = policy.to_wire(&self.home());
            let groups: Vec<_> = wire.permission_groups.iter().map(|id| json!({ "id": id })).collect();
            json!({ "effect": wire.effect.as_str(), "permission_groups": groups, "resources": wire.resources })
        };
        let mut policies: Vec<_> = numbers.iter().map(|n| wire(self.policy(*n))).collect();
        if policies.is_empty() {
            policies.push(wire(Policy::inert(&self.home())));
        }
        self.sim.mint(&json!({ "name": name, "policies": policies })).0
    }

    /// The token's current policies, according to the simulator.
    fn has(&self, id: &str) -> BTreeSet<Fingerprint> {
        let token = serde_json::from_value(self.sim.token(id).unwrap()).unwrap();
        TokenPolicies::of(&token, &self.owner).policies.into_keys().collect()
    }

    fn edit(&self, by: &str, remove: &[usize], add: &[usize]) -> Op {
        let remove = self.fingerprints(remove.iter().copied());
        let add = add.iter().map(|n| self.policy(*n)).collect();
        let policies = Some(PolicyChange::Edit { remove, add });
        Op::from(Change { by: by.into(), policies, ..Change::default() })
    }

    fn requests(&self) -> usize {
        self.sim.requests().len()
    }
}

impl Host {
    async fn submit(&self, id: &str, op: Op) -> Result<Outcome, OpError> {
        self.service.submit(&self.owner, id, op).await
    }

    async fn submit_all(&self, id: &str, ops: Vec<Op>) -> Vec<Result<Outcome, OpError>> {
        join_all(ops.into_iter().map(|op| self.submit(id, op))).await
    }
}

/// Pseudo-random numbers, the same in each run.
pub(crate) fn scatter(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}
