//! What tests see and do behind the API's back: as someone at the dashboard, or as time, would.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::auth::Caller;
use super::catalogue::Group;
use super::envelope::{Refusal, Reply};
use super::faults::{Fault, FaultId};
use super::history::{History, Lag};
use super::log::{Entry, path_matches};
use super::policies::Policy;
use super::resources;
use super::routes::Call;
use super::state::{EMAIL, Owner, State, Token};
use super::tunnels::Tunnel;
use super::workers::Script;
use super::{Simulator, tokens};

/// A policy with names for ids, for comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyView {
    /// The server's id.
    pub id: String,
    /// `allow` or `deny`.
    pub effect: &'static str,
    /// Names of permission groups, as they are called now.
    pub groups: BTreeSet<String>,
    /// As the API shows it.
    pub resources: Value,
}

/// Who and what there is.
impl Simulator {
    /// The first account.
    pub fn account_id(&self) -> String {
        self.shared.state().accounts[0].id.clone()
    }

    /// The second account: the user has it, the first account's tokens do not.
    pub fn other_account_id(&self) -> String {
        self.shared.state().accounts[1].id.clone()
    }

    /// The zones of the first account: `example.com`, `example.org`.
    pub fn zone_ids(&self) -> Vec<String> {
        let state = self.shared.state();
        let first = &state.accounts[0].id;
        state.zones.iter().filter(|zone| zone.account == *first).map(|zone| zone.id.clone()).collect()
    }

    /// The zone of the second account.
    pub fn other_zone_id(&self) -> String {
        self.shared.state().zones[2].id.clone()
    }

    /// The user's id.
    pub fn user_id(&self) -> String {
        self.shared.state().user.clone()
    }

    /// The value of a token of the first account that holds every right there.
    ///
    /// # Panics
    /// If the token was deleted.
    pub fn root_token(&self) -> String {
        self.root_value(0)
    }

    /// The id of that token.
    pub fn root_token_id(&self) -> String {
        self.shared.state().roots[0].clone()
    }

    /// The value of a token of the user that holds every right.
    ///
    /// # Panics
    /// If the token was deleted.
    pub fn user_root_token(&self) -> String {
        self.root_value(1)
    }

    fn root_value(&self, which: usize) -> String {
        let state = self.shared.state();
        state.token(&state.roots[which]).expect("the root token is still there").value.clone()
    }

    /// The user's e-mail address and global key.
    pub fn global_key(&self) -> (&'static str, String) {
        (EMAIL, self.shared.state().key.clone())
    }

    /// The id of a permission group, by name and scope.
    ///
    /// # Panics
    /// If there is none.
    pub fn group_id(&self, name: &str, scope: &str) -> String {
        self.shared.state().catalogue.named(name, scope).expect("a permission group of that name").id.clone()
    }
}

/// Tokens.
impl Simulator {
    /// All tokens as GET shows them, in order of creation, the root tokens left out.
    pub fn tokens(&self) -> Vec<Value> {
        let state = self.shared.state();
        state.tokens.iter().filter(|token| !token.root).map(|token| state.show(token)).collect()
    }

    /// A token as GET shows it.
    pub fn token(&self, id: &str) -> Option<Value> {
        let state = self.shared.state();
        state.token(id).map(|token| state.show(token))
    }

    /// The present value of a token.
    pub fn token_value(&self, id: &str) -> Option<String> {
        self.shared.state().token(id).map(|token| token.value.clone())
    }

    /// Every secret that there is or ever was: the values of all tokens, also of those that were rolled or deleted, the
    /// root tokens among them, and the global key. For tests that look for them where they must not be.
    pub fn secrets(&self) -> Vec<String> {
        let state = self.shared.state();
        let living = state.tokens.iter().map(|token| &token.value);
        living.chain(&state.dead_values).chain([&state.key]).cloned().collect()
    }

    /// The policies of a token, with the names of groups; none if there is no such token.
    pub fn policies(&self, id: &str) -> Vec<PolicyView> {
        let state = self.shared.state();
        let name =
            |id: &String| state.catalogue.get(id).map_or_else(|| id.clone(), |group| group.name.clone());
        let view = |policy: &Policy| PolicyView {
            id: policy.id.clone(),
            effect: if policy.deny { "deny" } else { "allow" },
            groups: policy.groups.iter().map(name).collect(),
            resources: Value::Object(policy.resources.clone()),
        };
        state.token(id).map(|token| token.policies.iter().map(view).collect()).unwrap_or_default()
    }

    /// Makes a token of the first account from the body of a create; returns its id and value.
    ///
    /// # Panics
    /// If the API would refuse it, with what it would say.
    pub fn mint(&self, body: &Value) -> (String, String) {
        let owner = Owner::Account(self.account_id());
        self.mint_for(owner, body)
    }

    /// Makes a token of the user; see [`Simulator::mint`].
    pub fn mint_user_token(&self, body: &Value) -> (String, String) {
        self.mint_for(Owner::User, body)
    }

    fn mint_for(&self, owner: Owner, body: &Value) -> (String, String) {
        let text = body.to_string();
        let call = Call {
            caller: Caller::Key,
            query: Vec::new(),
            content_type: Some("application/json"),
            body: text.as_bytes(),
            lag: Lag::No,
            sticky: None,
        };
        let mut state = self.shared.state();
        let made = tokens::create(&mut state, &call, &owner);
        let Reply { body, .. } = made.map_err(|refusal: Refusal| refusal.summary()).expect("a valid token");
        let field = |key: &str| body["result"][key].as_str().unwrap_or_default().to_owned();
        let (id, value) = (field("id"), field("value"));
        // It stands for a token that has been there for long: no read lags behind its creation.
        if let Some(token) = state.tokens.iter_mut().find(|token| token.id == id) {
            token.history = History::default();
            token.minted = None;
        }
        (id, value)
    }

    /// Changes a token in any way; `modified_on` moves. The helpers below are this.
    ///
    /// # Panics
    /// If there is no such token.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Token)) {
        assert!(self.shared.state().change(id, change), "no token {id}");
    }

    /// Adds a policy, named groups and all; returns its id.
    ///
    /// # Panics
    /// If there is no such token or group, or the resources name nothing.
    pub fn add_policy(&self, id: &str, groups: &[&str], resources: Value) -> String {
        let policy = {
            let state = self.shared.state();
            let scope = resources
                .as_object()
                .and_then(|map| resources::parse(map).ok())
                .and_then(|grants| grants.first().map(resources::Resource::scope))
                .expect("valid resources");
            let named = |name: &&str| {
                state
                    .catalogue
                    .named(name, scope)
                    .expect("a permission group of that name and scope")
                    .id
                    .clone()
            };
            let groups = groups.iter().map(named).collect();
            Policy::allow(groups, resources).expect("valid resources")
        };
        let policy_id = policy.id.clone();
        self.edit(id, |token| token.policies.push(policy));
        policy_id
    }

    /// Removes the policies that `which` picks; returns how many.
    pub fn remove_policies(&self, id: &str, which: impl Fn(&PolicyView) -> bool) -> usize {
        let gone: Vec<String> = self.policies(id).into_iter().filter(which).map(|policy| policy.id).collect();
        self.edit(id, |token| token.policies.retain(|policy| !gone.contains(&policy.id)));
        gone.len()
    }

    /// Sets the status: `active`, `disabled`, or anything else.
    pub fn set_status(&self, id: &str, status: &str) {
        self.edit(id, |token| status.clone_into(&mut token.status));
    }

    /// Revokes a token as Cloudflare does when its value was found in public.
    pub fn revoke_exposed(&self, id: &str) {
        self.set_status(id, "revoked (exposed)");
    }

    /// Lets a token expire now.
    pub fn expire(&self, id: &str) {
        let now = self.now();
        self.edit(id, |token| token.expires_on = Some(now));
    }

    /// Notes a use, or none; `modified_on` stays.
    pub fn set_last_used(&self, id: &str, at: Option<OffsetDateTime>) {
        let mut state = self.shared.state();
        if let Some(token) = state.tokens.iter_mut().find(|token| token.id == id) {
            token.last_used_on = at;
        }
    }

    /// Deletes a token; false if there was none.
    pub fn delete(&self, id: &str) -> bool {
        self.shared.state().remove(id).is_some()
    }

    /// Rolls a token; returns the new value.
    pub fn roll(&self, id: &str) -> Option<String> {
        self.shared.state().roll(id)
    }
}

/// The rest of Cloudflare.
impl Simulator {
    /// Renames a permission group.
    pub fn rename_group(&self, id: &str, name: &str) {
        let mut state = self.shared.state();
        if let Some(group) = state.catalogue.groups.iter_mut().find(|group| group.id == id) {
            name.clone_into(&mut group.name);
        }
    }

    /// Adds a permission group.
    pub fn add_group(&self, group: Group) {
        self.shared.state().catalogue.groups.push(group);
    }

    /// Retires a permission group: it is no longer listed, and can no longer be granted.
    pub fn remove_group(&self, id: &str) {
        self.shared.state().catalogue.groups.retain(|group| group.id != id);
    }

    /// Changes the Workers of the first account: add and remove scripts and secrets, mark one as undeployed.
    pub fn with_scripts<T>(
        &self,
        change: impl FnOnce(&mut std::collections::BTreeMap<String, Script>) -> T,
    ) -> T {
        change(&mut self.shared.state().accounts[0].scripts)
    }

    /// The text of a Worker's secret.
    pub fn secret(&self, script: &str, name: &str) -> Option<String> {
        self.with_scripts(|scripts| scripts.get(script)?.secrets.get(name).map(|(_, text)| text.clone()))
    }

    /// Changes the Secrets Stores of the first account.
    pub fn with_stores<T>(&self, change: impl FnOnce(&mut Vec<super::store::Store>) -> T) -> T {
        change(&mut self.shared.state().accounts[0].stores)
    }

    /// The value of a secret in the first account's first store.
    pub fn store_secret(&self, name: &str) -> Option<String> {
        self.with_stores(|stores| {
            let secrets = &stores.first()?.secrets;
            secrets.iter().find(|secret| secret.name == name).map(|secret| secret.value.clone())
        })
    }

    /// The tunnels of the first account, deleted ones included.
    pub fn tunnels(&self) -> Vec<Tunnel> {
        self.shared.state().accounts[0].tunnels.clone()
    }

    /// The address that callers seem to come from; `None`: the connection's.
    pub fn set_client_ip(&self, ip: Option<IpAddr>) {
        self.shared.state().options.client_ip = ip;
    }

    /// The simulated time, in whole seconds.
    pub fn now(&self) -> OffsetDateTime {
        self.shared.state().now()
    }

    /// Moves the simulated clock ahead.
    pub fn advance(&self, by: Duration) {
        self.shared.state().clock_offset += by;
    }

    /// How long each request takes before it has its effect.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.state().options.latency = latency;
    }

    /// How far the reads of tokens lag behind the writes.
    pub fn set_read_lag(&self, lag: Duration) {
        self.shared.state().options.read_lag = lag;
    }

    /// For how long a value that was just made is refused.
    pub fn set_value_lag(&self, lag: Duration) {
        self.shared.state().options.value_lag = lag;
    }

    /// Anything else: the state itself, under its lock.
    pub fn with_state<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.shared.state())
    }
}

/// Requests and faults.
impl Simulator {
    /// All requests since the last reset.
    pub fn requests(&self) -> Vec<Entry> {
        self.shared.log().entries()
    }

    /// How many requests fit: a method or `*`, and a path below the base URL, where `*` stands for one segment and a
    /// last `**` for any number.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let fits = |e: &&Entry| (method == "*" || e.method == method) && path_matches(path, &e.path);
        self.requests().iter().filter(fits).count()
    }

    /// Forgets the requests so far.
    pub fn reset_requests(&self) {
        self.shared.log().reset();
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) -> FaultId {
        self.shared.faults().add(fault)
    }

    /// How many requests a fault has hit.
    pub fn hits(&self, fault: FaultId) -> usize {
        self.shared.faults().hits(fault)
    }

    /// Whether a fault is left that has not hit as often as it should, or whose late effect is still to come: a test's
    /// script must be consumed whole.
    pub fn faults_pending(&self) -> bool {
        self.shared.faults().pending()
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }
}
