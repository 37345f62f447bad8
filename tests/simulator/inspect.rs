//! What tests see and change without the API, like a person at the dashboard, or like the passage of time.

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

/// A policy with names in place of the ids of groups, for comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyView {
    /// The id that the server gave it.
    pub id: String,
    /// `allow` or `deny`.
    pub effect: &'static str,
    /// The current names of the permission groups.
    pub groups: BTreeSet<String>,
    /// As the API shows it.
    pub resources: Value,
}

/// Accounts, zones, the user and the credentials.
impl Simulator {
    /// The first account.
    pub fn account_id(&self) -> String {
        self.shared.state().accounts[0].id.clone()
    }

    /// The second account. The user has access to it. The first account's tokens do not.
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

    /// The value of a token of the first account that has every right there.
    ///
    /// # Panics
    /// If the token was deleted.
    pub fn root_token(&self) -> String {
        self.root_value(0)
    }

    /// The id of the first account's root token.
    pub fn root_token_id(&self) -> String {
        self.shared.state().roots[0].clone()
    }

    /// The value of a token of the user that has every right.
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

    /// The id of a permission group, found by name and scope.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn group_id(&self, name: &str, scope: &str) -> String {
        self.shared.state().catalogue.named(name, scope).expect("a permission group of that name").id.clone()
    }
}

/// Tokens.
impl Simulator {
    /// All tokens as GET shows them, in order of creation, without the root tokens.
    pub fn tokens(&self) -> Vec<Value> {
        let state = self.shared.state();
        state.tokens.iter().filter(|token| !token.root).map(|token| state.show(token)).collect()
    }

    /// A token as GET shows it.
    pub fn token(&self, id: &str) -> Option<Value> {
        let state = self.shared.state();
        state.token(id).map(|token| state.show(token))
    }

    /// The current value of a token.
    pub fn token_value(&self, id: &str) -> Option<String> {
        self.shared.state().token(id).map(|token| token.value.clone())
    }

    /// All secrets of all times: the values of all tokens (also of rolled, deleted and root tokens) and the global
    /// key. Tests search for them where no secret may be.
    pub fn secrets(&self) -> Vec<String> {
        let state = self.shared.state();
        let living = state.tokens.iter().map(|token| &token.value);
        living.chain(&state.dead_values).chain([&state.key]).cloned().collect()
    }

    /// The policies of a token, with the names of their groups. The list is empty if there is no such token.
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

    /// Creates a token of the first account from the body of a create, and returns its id and value.
    ///
    /// # Panics
    /// If the API would refuse the body. The panic has the API's message.
    pub fn mint(&self, body: &Value) -> (String, String) {
        let owner = Owner::Account(self.account_id());
        self.mint_for(owner, body)
    }

    /// Creates a token of the user; see [`Simulator::mint`].
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
        // The token counts as an old one, so no read lags behind its creation.
        if let Some(token) = state.tokens.iter_mut().find(|token| token.id == id) {
            token.history = History::default();
            token.minted = None;
        }
        (id, value)
    }

    /// Changes a token in any way and updates `modified_on`. The helpers below use this method.
    ///
    /// # Panics
    /// If there is no such token.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Token)) {
        assert!(self.shared.state().change(id, change), "no token {id}");
    }

    /// Adds a policy with groups given by name, and returns the policy's id.
    ///
    /// # Panics
    /// If there is no such token or group, or the resources are not valid.
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

    /// Removes the policies that `which` selects, and returns how many it removed.
    pub fn remove_policies(&self, id: &str, which: impl Fn(&PolicyView) -> bool) -> usize {
        let gone: Vec<String> = self.policies(id).into_iter().filter(which).map(|policy| policy.id).collect();
        self.edit(id, |token| token.policies.retain(|policy| !gone.contains(&policy.id)));
        gone.len()
    }

    /// Sets the status: `active`, `disabled`, or anything else.
    pub fn set_status(&self, id: &str, status: &str) {
        self.edit(id, |token| status.clone_into(&mut token.status));
    }

    /// Revokes a token as Cloudflare does when it finds the value in public.
    pub fn revoke_exposed(&self, id: &str) {
        self.set_status(id, "revoked (exposed)");
    }

    /// Makes a token expire now.
    pub fn expire(&self, id: &str) {
        let now = self.now();
        self.edit(id, |token| token.expires_on = Some(now));
    }

    /// Sets or clears the time of the last use. `modified_on` stays.
    pub fn set_last_used(&self, id: &str, at: Option<OffsetDateTime>) {
        let mut state = self.shared.state();
        if let Some(token) = state.tokens.iter_mut().find(|token| token.id == id) {
            token.last_used_on = at;
        }
    }

    /// Deletes a token. Returns false if there was none.
    pub fn delete(&self, id: &str) -> bool {
        self.shared.state().remove(id).is_some()
    }

    /// Rolls a token and returns the new value.
    pub fn roll(&self, id: &str) -> Option<String> {
        self.shared.state().roll(id)
    }
}

/// The other products of Cloudflare.
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

    /// Retires a permission group: the API no longer lists it and no longer grants it.
    pub fn remove_group(&self, id: &str) {
        self.shared.state().catalogue.groups.retain(|group| group.id != id);
    }

    /// Changes the Workers of the first account, for example to add a script or a secret, or to mark a script as
    /// undeployed.
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

    /// The tunnels of the first account, with the deleted ones.
    pub fn tunnels(&self) -> Vec<Tunnel> {
        self.shared.state().accounts[0].tunnels.clone()
    }

    /// The address that callers appear to have. `None` means the connection's address.
    pub fn set_client_ip(&self, ip: Option<IpAddr>) {
        self.shared.state().options.client_ip = ip;
    }

    /// The simulated time, in whole seconds.
    pub fn now(&self) -> OffsetDateTime {
        self.shared.state().now()
    }

    /// Moves the simulated clock forward.
    pub fn advance(&self, by: Duration) {
        self.shared.state().clock_offset += by;
    }

    /// Sets how long each request takes before it takes effect.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.state().options.latency = latency;
    }

    /// Sets how far the reads of tokens lag behind the writes.
    pub fn set_read_lag(&self, lag: Duration) {
        self.shared.state().options.read_lag = lag;
    }

    /// Sets how long the API refuses a new value.
    pub fn set_value_lag(&self, lag: Duration) {
        self.shared.state().options.value_lag = lag;
    }

    /// Gives access to the whole state, under its lock.
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

    /// Counts the logged requests that match a method (or `*`) and a path below the base URL, where `*` matches one
    /// segment and a last `**` matches any number.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let fits = |e: &&Entry| (method == "*" || e.method == method) && path_matches(path, &e.path);
        self.requests().iter().filter(fits).count()
    }

    /// Empties the request log.
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

    /// Whether a fault has hit less often than its count, or a late effect is still to come. A test must use up all
    /// of its faults.
    pub fn faults_pending(&self) -> bool {
        self.shared.faults().pending()
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }
}
