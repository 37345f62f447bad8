//! A token's policies as the domain sees them.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloudflare::{Condition, Owner, PermissionGroupRef, RequestIp, Token, TokenPolicy};
use crate::policy::{Fingerprint, IpSet, MalformedPolicy, Names, Policy};

/// A policy of a token: the server's form, and what it means, if it has a canonical form.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) policy: Option<Policy>,
    pub(super) fingerprint: Option<Fingerprint>,
    /// The fingerprint of version 0.1.0, if it differs: states of that version have it.
    pub(super) former: Option<Fingerprint>,
    pub(super) wire: TokenPolicy,
}

impl Held {
    /// A policy to write.
    pub(super) fn new(policy: &Policy, owner: &Owner) -> Self {
        let (fingerprint, wire) = (Some(policy.fingerprint()), write(policy, owner));
        Self { policy: Some(policy.clone()), fingerprint, former: None, wire }
    }

    /// Its identity. A policy without a canonical form is kept unchanged, so its text is its identity.
    pub(super) fn key(&self) -> String {
        match self.fingerprint {
            Some(fingerprint) => fingerprint.to_string(),
            None => {
                let TokenPolicy { id: _, effect, permission_groups, resources, other } = &self.wire;
                format!("{:?}", (effect, permission_groups, resources, other))
            }
        }
    }
}

/// The policies of a token.
pub(super) fn held(token: &Token, owner: &Owner) -> Vec<Held> {
    let one = |wire: &TokenPolicy| {
        let policy = read(wire, owner).ok();
        let former = former(wire, owner);
        Held { fingerprint: policy.as_ref().map(Policy::fingerprint), policy, former, wire: wire.clone() }
    };
    token.policies.iter().map(one).collect()
}

/// The fingerprints of a token's policies, as far as they have one.
pub(super) fn fingerprints(token: &Token, owner: &Owner) -> BTreeSet<Fingerprint> {
    held(token, owner).into_iter().filter_map(|held| held.fingerprint).collect()
}

/// The policies of a token. The inert policy is left out if it is the only one, because it then stands for none. Beside
/// others it is somebody's own deny.
#[derive(Clone, Debug, Default)]
pub struct TokenPolicies {
    /// By their fingerprints.
    pub policies: BTreeMap<Fingerprint, Policy>,
    /// The fingerprints of version 0.1.0 with today's, where they differ: old states have them.
    pub former: BTreeMap<Fingerprint, Fingerprint>,
    /// The policies without a canonical form. Every change except an exclusive one keeps them.
    pub unreadable: Vec<(TokenPolicy, MalformedPolicy)>,
    /// The names of the permission groups, as far as the API gave them.
    pub names: Names,
}

impl TokenPolicies {
    /// The fingerprints as today's version computes them.
    pub fn today(&self, fingerprints: &BTreeSet<Fingerprint>) -> BTreeSet<Fingerprint> {
        fingerprints.iter().map(|fingerprint| *self.former.get(fingerprint).unwrap_or(fingerprint)).collect()
    }

    /// Reads those of a token that `owner` owns.
    pub fn of(token: &Token, owner: &Owner) -> Self {
        let mut seen = Self::default();
        for wire in &token.policies {
            for group in &wire.permission_groups {
                if let (Ok(id), Some(name)) = (group.id.parse(), &group.name) {
                    seen.names.insert(id, name.clone());
                }
            }
            match read(wire, owner) {
                Ok(policy) if token.policies.len() == 1 && policy.is_inert(owner) => {}
                Ok(policy) => {
                    let fingerprint = policy.fingerprint();
                    seen.former.extend(former(wire, owner).map(|former| (former, fingerprint)));
                    seen.policies.insert(fingerprint, policy);
                }
                Err(fault) => seen.unreadable.push((wire.clone(), fault)),
            }
        }
        seen
    }
}

pub(super) fn read(wire: &TokenPolicy, owner: &Owner) -> Result<Policy, MalformedPolicy> {
    let groups = wire.permission_groups.iter().map(|group| group.id.as_str());
    Policy::from_wire(&wire.effect, groups, &wire.resources, owner)
}

/// The fingerprint that version 0.1.0 gave a policy, if it differs.
pub(super) fn former(wire: &TokenPolicy, owner: &Owner) -> Option<Fingerprint> {
    let groups = wire.permission_groups.iter().map(|group| group.id.as_str());
    Policy::from_wire_before(&wire.effect, groups, &wire.resources, owner).map(|policy| policy.fingerprint())
}

pub(super) fn write(policy: &Policy, owner: &Owner) -> TokenPolicy {
    let wire = policy.to_wire(owner);
    let group = |id| PermissionGroupRef { id, name: None };
    TokenPolicy {
        id: None,
        effect: wire.effect.to_string(),
        permission_groups: wire.permission_groups.into_iter().map(group).collect(),
        resources: wire.resources,
        other: Default::default(),
    }
}

/// Whether two conditions mean the same. Addresses are compared as sets. An empty side or an empty condition excludes
/// everybody, so it differs from an absent one.
pub fn same_condition(a: Option<&Condition>, b: Option<&Condition>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            let ip = |condition: &Condition| condition.request_ip.clone().unwrap_or_default();
            a.other == b.other && same_addresses(&ip(a), &ip(b))
        }
        _ => false,
    }
}

fn same_addresses(a: &RequestIp, b: &RequestIp) -> bool {
    let side = |a: &Option<Vec<String>>, b: &Option<Vec<String>>| match (a, b) {
        (Some(a), Some(b)) => {
            let set = |list: &[String]| IpSet::parse(list.iter().map(String::as_str)).ok();
            a == b || set(a).is_some_and(|a| set(b) == Some(a))
        }
        (a, b) => a == b,
    };
    side(&a.allowed, &b.allowed) && side(&a.denied, &b.denied) && a.other == b.other
}
