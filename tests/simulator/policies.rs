//! Policies: which policies the API refuses, and in what form it returns the others.

use serde_json::{Map, Value, json};

use super::auth::Caller;
use super::body::only;
use super::catalogue::{BUCKET, WORKER, ZONE};
use super::envelope::Refusal;
use super::options::CreatorCap;
use super::resources::{self, Resource};
use super::state::{Owner, State, new_id};

/// A policy as the server stores it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// 32 hex digits, the server's own.
    pub id: String,
    /// Whether the policy denies. Otherwise it allows.
    pub deny: bool,
    /// The ids of the groups, sorted. The order in the request is lost.
    pub groups: Vec<String>,
    /// As sent, but compact.
    pub resources: Map<String, Value>,
    /// The resources, parsed.
    pub grants: Vec<Resource>,
}

impl Policy {
    /// A policy that is not checked, for tests and for the simulator itself. `None` if `resources` is not valid.
    pub fn allow(mut groups: Vec<String>, resources: Value) -> Option<Self> {
        let Value::Object(resources) = resources else { return None };
        groups.sort();
        let grants = resources::parse(&resources).ok()?;
        Some(Self { id: new_id(), deny: false, groups, resources, grants })
    }

    /// Writes the policy as the API shows it.
    pub fn show(&self, state: &State) -> Value {
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|id| match state.catalogue.get(id) {
                Some(group) => json!({"id": id, "name": group.name}),
                None => json!({"id": id}),
            })
            .collect();
        let effect = if self.deny { "deny" } else { "allow" };
        json!({"id": self.id, "effect": effect, "permission_groups": groups, "resources": self.resources})
    }

    /// Whether the other policy has the same effect, groups and resources.
    pub fn same_content(&self, other: &Self) -> bool {
        self.deny == other.deny && self.groups == other.groups && self.resources == other.resources
    }
}

/// Reads the policies of a create (`previous` is `None`) or of an update. Returns them as the server stores them: in
/// reverse order.
///
/// # Errors
/// 400/1001 or 400/400 for the first mistake.
pub fn read(
    state: &State,
    owner: &Owner,
    caller: &Caller,
    sent: &[Value],
    previous: Option<&[Policy]>,
) -> Result<Vec<Policy>, Refusal> {
    if sent.is_empty() && !state.options.readings.empty_policies_accepted {
        return Err(Refusal::policy("At least one policy is required").at("/policies"));
    }
    let mut policies = Vec::with_capacity(sent.len());
    for policy in sent {
        policies.extend(one(state, owner, caller, policy, previous)?);
    }
    policies.reverse();
    Ok(policies)
}

fn one(
    state: &State,
    owner: &Owner,
    caller: &Caller,
    sent: &Value,
    previous: Option<&[Policy]>,
) -> Result<Option<Policy>, Refusal> {
    let readings = &state.options.readings;
    let sent =
        sent.as_object().ok_or_else(|| Refusal::policy("A policy must be an object").at("/policies"))?;
    only(sent, &["id", "effect", "permission_groups", "resources"], readings)?;
    let deny = match sent.get("effect").and_then(Value::as_str) {
        Some("allow") => false,
        Some("deny") => true,
        _ => return Err(Refusal::policy("effect must be one of allow, deny").at("/policies")),
    };
    let groups = groups(state, sent)?;
    let Some(Value::Object(resources)) = sent.get("resources") else {
        return Err(Refusal::policy("resources must be an object").at("/policies"));
    };
    let grants = resources::parse(resources)?;
    if groups.is_empty() {
        return Ok(None);
    }
    for resource in &grants {
        place(state, owner, resource, &groups)?;
    }
    if !deny {
        cap(state, caller, &groups, &grants)?;
    }
    let mut policy = Policy { id: new_id(), deny, groups, resources: resources.clone(), grants };
    if let Some(id) = identity(sent, previous)? {
        policy.id = id;
    } else if let Some(kept) = previous.and_then(|all| all.iter().find(|p| p.same_content(&policy)))
        && readings.policy_ids_stable
    {
        policy.id.clone_from(&kept.id);
    }
    Ok(Some(policy))
}

/// Reads a policy's id. Only an update may have one, and it must be the id of one of the token's policies.
fn identity(sent: &Map<String, Value>, previous: Option<&[Policy]>) -> Result<Option<String>, Refusal> {
    let Some(id) = sent.get("id") else { return Ok(None) };
    let Some(previous) = previous else {
        return Err(Refusal::policy("Reusing existing policies is not supported by token creation"));
    };
    match id.as_str() {
        Some(id) if previous.iter().any(|policy| policy.id == id) => Ok(Some(id.to_owned())),
        _ => Err(Refusal::policy("Policy not found").at("/policies")),
    }
}

fn groups(state: &State, sent: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let Some(Value::Array(items)) = sent.get("permission_groups") else {
        return Err(Refusal::policy("permission_groups must be an array").at("/policies"));
    };
    if items.is_empty() {
        return Err(Refusal::policy("A policy must have at least one permission group").at("/policies"));
    }
    let mut groups = Vec::with_capacity(items.len());
    for item in items {
        let item = item.as_object().ok_or_else(|| Refusal::policy("A permission group must be an object"))?;
        only(item, &["id", "name", "meta"], &state.options.readings)?;
        let Some(id) = item.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
            return Err(Refusal::new(400, 400, "id must be present"));
        };
        if state.catalogue.get(id).is_some() {
            groups.push(id.to_owned());
        } else if state.options.readings.unknown_group_rejected {
            return Err(Refusal::policy(format!("Permission group {id} not found")));
        }
    }
    groups.sort();
    groups.dedup();
    Ok(groups)
}

/// Checks that the resource belongs to the owner, and that each group can be granted on it.
fn place(state: &State, owner: &Owner, resource: &Resource, groups: &[String]) -> Result<(), Refusal> {
    let known_account = |id: &String| state.accounts.iter().any(|account| account.id == *id);
    let own_account = |id: &String| match owner {
        Owner::Account(own) => own == id,
        Owner::User => known_account(id),
    };
    let zone_account = |zone: &String| state.account_of_zone(zone);
    let by_user = *owner == Owner::User;
    let own = match resource {
        Resource::AllZones if !by_user => {
            return Err(Refusal::policy(
                "Must specify a zone for account owned tokens, or nest zone under specific account resource",
            ));
        }
        Resource::AllAccounts | Resource::AllZones => by_user,
        Resource::User(id) => by_user && *id == state.user,
        Resource::Account(id) | Resource::ZonesOf(id) | Resource::Bucket(id, _) | Resource::BucketsOf(id) => {
            own_account(id)
        }
        // A token of a user cannot have policies for Workers, and a Worker must exist to be named.
        Resource::Worker(id, tag) => {
            let account = state.accounts.iter().find(|account| account.id == *id);
            let exists = account.is_some_and(|a| a.scripts.values().any(|script| script.tag == *tag));
            !by_user && own_account(id) && exists
        }
        Resource::Zone(zone) => zone_account(zone).is_some_and(|account| own_account(&account)),
        Resource::ZoneIn(account, zone) => {
            own_account(account) && zone_account(zone).as_ref() == Some(account)
        }
    };
    for id in groups {
        let group = state.catalogue.get(id);
        if !own || !group.is_some_and(|group| fits(state, &group.scopes, resource)) {
            return Err(not_permitted(group.map_or(id, |group| &group.name)));
        }
    }
    Ok(())
}

/// Whether a group of these scopes can be granted on a resource.
fn fits(state: &State, scopes: &[String], resource: &Resource) -> bool {
    let of_account = matches!(resource, Resource::Account(_) | Resource::AllAccounts);
    scopes.iter().any(|scope| {
        scope == resource.scope()
            || (of_account
                && state.options.readings.lower_scope_on_account
                && [ZONE, BUCKET, WORKER].contains(&scope.as_str()))
    })
}

/// Checks that the caller has the rights that it wants to grant.
fn cap(state: &State, caller: &Caller, groups: &[String], grants: &[Resource]) -> Result<(), Refusal> {
    let checked = |resource: &&Resource| match state.options.readings.creator_cap {
        CreatorCap::Full => true,
        CreatorCap::SpecificZones => matches!(resource, Resource::Zone(_) | Resource::ZoneIn(..)),
        CreatorCap::Off => false,
    };
    for resource in grants.iter().filter(checked) {
        for id in groups {
            if !caller.holds(state, &[id], id, resource) {
                return Err(not_permitted(state.catalogue.get(id).map_or(id, |group| &group.name)));
            }
        }
    }
    Ok(())
}

fn not_permitted(group: &str) -> Refusal {
    Refusal::policy(format!(
        "Failed common permission check against resources. (Permission group: \"{group}\")"
    ))
}
