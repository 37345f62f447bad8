//! Policies between the configuration and the token: resolved at plan as far as they are known, matched when the token is
//! read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::blocks::{POLICIES, PolicyBlock, policy_set, specs};
use super::grants;
use super::session::Session;
use super::wording;
use crate::cloudflare::may_hold_credential;
use crate::owner::Owner;
use crate::policy::{
    self, Catalog, Fingerprint, Policy, PolicySpec, Problem, Selection, Target, Workers, describe,
    resolve_all,
};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path, Set, Value};
use crate::tokens::{Concern, TokenPolicies, TokenService};

fn worded<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Diagnostics {
    Diagnostics(problems.into_iter().map(|problem| wording::problem(problem, Path::of(POLICIES))).collect())
}

/// The permission groups of an owner, or why they could not be listed.
pub(crate) async fn catalog(tokens: &TokenService, owner: &Owner) -> Result<Arc<Catalog>, Diagnostic> {
    let catalog = tokens.catalog(owner).await;
    catalog.map_err(|error| wording::groups_unlisted(&error))
}

/// The same, with the Workers that these policies name.
pub(crate) async fn catalog_for(
    tokens: &TokenService,
    owner: &Owner,
    policies: &Value<Set<PolicyBlock>>,
) -> Result<Arc<Catalog>, Diagnostic> {
    let catalog = catalog(tokens, owner).await?;
    let blocks = policies.known().into_iter().flat_map(Set::known_so_far);
    let specs: Vec<_> = blocks.filter_map(PolicyBlock::spec).collect();
    let names: Vec<&str> =
        specs.iter().filter_map(PolicySpec::worker_names).flatten().map(String::as_str).collect();
    // A token of a user cannot be limited to Workers. Another check reports that.
    let (Owner::Account(account), false) = (owner, names.is_empty()) else { return Ok(catalog) };
    let workers = tokens.workers(account, &names).await;
    let workers = workers.map_err(|error| wording::workers_unlisted(&error).at(Path::of(POLICIES)))?;
    Ok(Arc::new(Catalog::clone(&catalog).with_workers(Workers::clone(&workers))))
}

/// Whether a plan needs the permission groups. It does not if the policies are unchanged.
pub(crate) fn needs_catalog(prior: &Value<Set<PolicyBlock>>, planned: &Value<Set<PolicyBlock>>) -> bool {
    planned.known().is_some() && planned != prior
}

/// Checks the planned policies as far as they are known, and keeps the prior ones if they mean the same in another
/// spelling, such as names instead of ids, or another order. `before` are the fingerprints of the prior policies as
/// applied: with them it does not matter whether the permission groups still have the same names. Pure.
///
/// Only policies that were completely known in the first plan go back to the prior spelling. Otherwise the final plan may
/// differ from the first: a part that was unknown turns out at apply to be what it was, and another part has a new spelling
/// (an id for a name). Core refuses that as inconsistent. The next run knows everything from the start and settles it.
pub(crate) fn plan(
    owner: &Owner,
    catalog: &Catalog,
    prior: &Value<Set<PolicyBlock>>,
    before: &BTreeSet<Fingerprint>,
    planned: &mut Value<Set<PolicyBlock>>,
) -> Diagnostics {
    if planned.known().is_none() || planned == prior {
        return Diagnostics::none();
    }
    if let Err(secret) = no_secret(planned) {
        return secret.into();
    }
    let Some(wanted) = specs(planned) else {
        return worded(&check_known(planned, owner, catalog));
    };
    let (tagged, missing) = with_tags(&wanted, catalog);
    if !missing.is_empty() && *owner != Owner::User {
        // The same run may create them. The apply checks again.
        let mut found = worded(&check_known(planned, owner, catalog));
        let not_yet = missing.iter().map(|problem| wording::no_worker_yet(problem, Path::of(POLICIES)));
        found.extend(Diagnostics(not_yet.collect()));
        return found;
    }
    match resolve_all(&tagged, owner, catalog) {
        Err(problems) => worded(problems.iter().map(|(_, problem)| problem)),
        Ok(resolved) => {
            let after = fingerprints(&resolved.policies);
            let same = || {
                let (prior, missing) = with_tags(&specs(prior)?, catalog);
                let prior = missing.is_empty().then(|| resolve_all(&prior, owner, catalog).ok())??;
                Some(fingerprints(&prior.policies) == after)
            };
            if (!prior.is_null() && *before == after) || same() == Some(true) {
                planned.clone_from(prior);
            }
            // The user has already seen the warnings about what the token has: when it was planned, or when it was
            // imported.
            let had = specs(prior).unwrap_or_default();
            let new = resolved.warnings.iter().filter(|(index, _)| !had.contains(&wanted[*index]));
            worded(new.map(|(_, problem)| problem))
        }
    }
}

/// The fingerprints that planned policies will have. `None` while a part of them is unknown, and for policies that name
/// Workers: a Worker that is replaced before the apply gets another tag.
pub(crate) fn foreseen(
    owner: &Owner,
    catalog: &Catalog,
    planned: &Value<Set<PolicyBlock>>,
) -> Option<BTreeSet<Fingerprint>> {
    let wanted = specs(planned)?;
    if wanted.iter().any(|spec| spec.worker_names().is_some()) {
        return None;
    }
    resolve_all(&wanted, owner, catalog).ok().map(|resolved| fingerprints(&resolved.policies))
}

/// Checks planned policies against the session's guardrails. Without access to the API, the apply checks them.
pub(crate) async fn guarded(
    session: &Session,
    owner: &Owner,
    planned: &Value<Set<PolicyBlock>>,
) -> Diagnostics {
    let guardrails = session.guardrails();
    let Some(api) = session.api().filter(|_| guardrails.forbids_groups() && !planned.is_null()) else {
        return Diagnostics::none();
    };
    match catalog(&api.tokens, owner).await {
        Ok(catalog) => wording::breaches(guardrails.policies(planned, &catalog), &Path::of(POLICIES)),
        Err(unlisted) => unlisted.into(),
    }
}

/// Refuses a credential where a permission group belongs. The error about an unknown name would quote it.
fn no_secret(policies: &Value<Set<PolicyBlock>>) -> Result<(), Diagnostic> {
    let blocks = policies.known().into_iter().flat_map(Set::known_so_far);
    if !blocks.flat_map(PolicyBlock::known_groups).any(|group| may_hold_credential(&group)) {
        return Ok(());
    }
    Err(wording::secret_as_group())
}

fn check_known(planned: &Value<Set<PolicyBlock>>, owner: &Owner, catalog: &Catalog) -> Vec<Problem> {
    let blocks = planned.known().into_iter().flat_map(Set::known_so_far);
    blocks
        .flat_map(|block| policy::check(&block.known_groups(), block.target().as_ref(), Some(owner), catalog))
        .collect()
}

/// The canonical policies of a completely known configuration. A null set has no policies.
pub(crate) async fn resolve(
    tokens: &TokenService,
    owner: &Owner,
    policies: &Value<Set<PolicyBlock>>,
) -> Result<Vec<Policy>, Diagnostics> {
    let wanted = specs(policies).unwrap_or_default();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    no_secret(policies)?;
    let catalog = catalog_for(tokens, owner, policies).await?;
    let (tagged, missing) = with_tags(&wanted, &catalog);
    if !missing.is_empty() && *owner != Owner::User {
        return Err(worded(&missing));
    }
    // The plan has given the warnings.
    let resolved = resolve_all(&tagged, owner, &catalog);
    resolved.map(|r| r.policies).map_err(|problems| worded(problems.iter().map(|(_, problem)| problem)))
}

/// The specs with tags instead of the names of Workers, and a problem for each name that no Worker has.
fn with_tags(specs: &[PolicySpec], catalog: &Catalog) -> (Vec<PolicySpec>, Vec<Problem>) {
    let (mut tagged, mut missing) = (Vec::new(), Vec::new());
    for spec in specs {
        match spec.with_tags(catalog.workers()) {
            Ok(spec) => tagged.push(spec),
            Err(problems) => {
                tagged.push(spec.clone());
                missing.extend(problems);
            }
        }
    }
    (tagged, missing)
}

/// The Workers that a refresh needs: those whose names the configuration has, and those whose tags the token has. `None` if
/// there are none or they cannot be listed. The refresh then compares tags only.
async fn workers(
    tokens: &TokenService,
    owner: &Owner,
    own: Own<'_>,
    seen: &TokenPolicies,
) -> Option<Arc<Workers>> {
    if own.written.iter().all(|spec| spec.worker_names().is_none()) {
        return if own.shows_others { workers_of(tokens, owner, seen).await } else { None };
    }
    list_workers(tokens, owner).await
}

/// The Workers, if a policy of the token applies to some. They are needed to show names.
pub(crate) async fn workers_of(
    tokens: &TokenService,
    owner: &Owner,
    seen: &TokenPolicies,
) -> Option<Arc<Workers>> {
    let any = seen.policies.values().any(|policy| !policy.worker_tags().is_empty());
    if any { list_workers(tokens, owner).await } else { None }
}

async fn list_workers(tokens: &TokenService, owner: &Owner) -> Option<Arc<Workers>> {
    let Owner::Account(account) = owner else { return None };
    tokens
        .workers(account, &[])
        .await
        .inspect_err(
            |error| tracing::warn!(%error, "the Workers could not be listed; their names are not compared"),
        )
        .ok()
}

/// The diagnostics for the concerns of an outcome, with the names of permission groups.
pub(crate) async fn concerns(tokens: &TokenService, owner: &Owner, all: &[Concern]) -> Diagnostics {
    if !all.iter().any(|concern| matches!(concern, Concern::NotGranted { .. })) {
        return wording::concerns(all);
    }
    // Without the names, the diagnostic shows ids: the user must learn of the concern in any case.
    let catalog = tokens.catalog(owner).await.ok();
    Diagnostics(all.iter().map(|concern| wording::concern(concern, catalog.as_deref())).collect())
}

/// The fingerprints of policies.
pub(crate) fn fingerprints<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> BTreeSet<Fingerprint> {
    policies.into_iter().map(Policy::fingerprint).collect()
}

/// The fingerprints of the policies that the token has after a write: those that were requested, and those that were
/// granted instead.
pub(crate) fn applied(add: &BTreeSet<Fingerprint>, concerns: &[Concern]) -> BTreeSet<Fingerprint> {
    let granted = concerns.iter().filter_map(|concern| match concern {
        Concern::NotGranted { granted, .. } => granted.as_ref().map(Policy::fingerprint),
        _ => None,
    });
    add.iter().copied().chain(granted).collect()
}

/// A token's policies from the point of view of a resource that has written some of them.
pub(crate) struct Matched {
    /// The resource's policies that the token still has, as written.
    pub(crate) kept: Vec<PolicySpec>,
    /// Their fingerprints.
    pub(crate) owned: BTreeSet<Fingerprint>,
    /// The other policies, described with names.
    pub(crate) foreign: Vec<PolicySpec>,
    /// Their fingerprints.
    pub(crate) foreign_owned: BTreeSet<Fingerprint>,
    /// The rights of the kept policies, one line each.
    kept_grants: BTreeSet<String>,
    /// The rights of the other policies.
    foreign_grants: BTreeSet<String>,
}

impl Matched {
    /// The fingerprints that a resource which has applied `before` must remove one day: those of its policies, and those of
    /// policies that came out of them in another form, for example because the API granted less than was requested.
    pub(crate) fn still_owned(
        &self,
        before: &BTreeSet<Fingerprint>,
        seen: &TokenPolicies,
    ) -> BTreeSet<Fingerprint> {
        self.owned.iter().chain(self.foreign_owned.intersection(&seen.today(before))).copied().collect()
    }

    /// The attribute's value. It is `current` itself if nothing has changed.
    pub(crate) fn value(
        &self,
        current: &Value<Set<PolicyBlock>>,
        with_foreign: bool,
    ) -> Value<Set<PolicyBlock>> {
        let foreign: &[PolicySpec] = if with_foreign { &self.foreign } else { &[] };
        let before = current.known().map_or(0, |set| set.0.len());
        if foreign.is_empty() && self.kept.len() == before {
            return current.clone();
        }
        policy_set(self.kept.iter().chain(foreign).cloned())
    }

    /// The rights of the same policies.
    pub(crate) fn grants(&self, with_foreign: bool) -> Value<Set<String>> {
        let foreign = self.foreign_grants.iter().filter(|_| with_foreign);
        Value::Known(self.kept_grants.union(&foreign.cloned().collect()).cloned().collect())
    }
}

/// What a resource knows of the policies that it wrote.
#[derive(Clone, Copy)]
pub(crate) struct Own<'a> {
    /// As written.
    pub(crate) written: &'a [PolicySpec],
    /// Their fingerprints as applied. If the token still has all of them, nothing is missing, even if permission groups
    /// have been renamed or can no longer be granted.
    pub(crate) fingerprints: &'a BTreeSet<Fingerprint>,
    /// Whether the state also has the policies that others have added.
    pub(crate) shows_others: bool,
}

/// Separates the policies that a resource has written from those of others. The fingerprints are enough while nothing has
/// changed. The permission groups are listed only if policies are left over on both sides or must be described, because
/// several groups can share a name and groups are sometimes renamed.
pub(crate) async fn matched(
    tokens: &TokenService,
    owner: &Owner,
    own: Own<'_>,
    seen: &TokenPolicies,
) -> Result<Matched, Diagnostics> {
    let workers = workers(tokens, owner, own, seen).await;
    let first = match_all(own, seen, owner, None, workers.as_deref());
    let changed =
        first.owned != seen.today(own.fingerprints) && !own.written.is_empty() && !seen.policies.is_empty();
    if !changed && (first.foreign.is_empty() || !own.shows_others) {
        return Ok(first);
    }
    let catalog = catalog(tokens, owner).await?;
    Ok(match_all(own, seen, owner, Some(&catalog), workers.as_deref()))
}

/// The policies of a token that are not in `planned`, in words. `planned` counts as far as it is known.
pub(crate) fn others(
    owner: &Owner,
    catalog: &Catalog,
    planned: &Value<Set<PolicyBlock>>,
    seen: &TokenPolicies,
) -> Vec<String> {
    let known = planned.known().into_iter().flat_map(Set::known_so_far);
    let known: Vec<_> = known.filter_map(PolicyBlock::spec).collect();
    let own = Own { written: &known, fingerprints: &BTreeSet::new(), shows_others: true };
    let matched = match_with(own, seen, owner, Some(catalog));
    let mut all: Vec<_> = matched.foreign.iter().map(|spec| in_words(spec, owner)).collect();
    all.extend(seen.unreadable.iter().map(|(_, fault)| format!("one of an unknown form: {fault}")));
    all
}

/// A policy on one line.
fn in_words(policy: &PolicySpec, owner: &Owner) -> String {
    let list = |elements: &BTreeSet<String>| Vec::from_iter(elements.iter().map(String::as_str)).join(", ");
    let on = |what: &str, selection: &Selection| match selection {
        Selection::All => format!("all {what}"),
        Selection::Only(elements) => format!("the {what} {}", list(elements)),
    };
    let own_account = |map: &BTreeMap<String, String>| match owner {
        Owner::Account(id) => *map == BTreeMap::from([(policy::keys::account(id), "*".to_owned())]),
        Owner::User => false,
    };
    let resources = match &policy.target {
        Target::Account => "the account".to_owned(),
        Target::Resources(map) if own_account(map) => "the account".to_owned(),
        Target::Zones(zones) => on("zones", zones),
        Target::R2Buckets(buckets) => on("R2 buckets", buckets),
        Target::Workers(workers) => on("Workers", workers),
        Target::Resources(map) => Vec::from_iter(map.keys().map(String::as_str)).join(", "),
    };
    let groups: Vec<_> = policy.permission_groups.iter().map(|group| format!("\"{group}\"")).collect();
    format!("{} {} on {resources}", policy.effect.as_str(), groups.join(", "))
}

/// The same with known permission groups. Pure.
pub(crate) fn match_with(
    own: Own<'_>,
    seen: &TokenPolicies,
    owner: &Owner,
    catalog: Option<&Catalog>,
) -> Matched {
    let workers = catalog.map(Catalog::workers).filter(|workers| !workers.is_empty());
    match_all(own, seen, owner, catalog, workers)
}

fn match_all(
    own: Own<'_>,
    seen: &TokenPolicies,
    owner: &Owner,
    catalog: Option<&Catalog>,
    workers: Option<&Workers>,
) -> Matched {
    let (written, before) = (own.written, seen.today(own.fingerprints));
    let (mut kept, mut owned) = (Vec::new(), BTreeSet::new());
    if before.len() == written.iter().map(|spec| spec.policy_count(owner)).sum::<usize>()
        && before.iter().all(|fingerprint| seen.policies.contains_key(fingerprint))
        && workers.is_none_or(|workers| {
            let policies = before.iter().filter_map(|fingerprint| seen.policies.get(fingerprint));
            policy::still_mean(written, policies, workers)
        })
    {
        (kept, owned) = (written.to_vec(), before.clone());
    }
    for spec in &written[kept.len()..] {
        let tagged = workers.and_then(|workers| spec.with_tags(workers).ok());
        let found = tagged.as_ref().unwrap_or(spec).find(&seen.policies, owner, catalog, &seen.names);
        if !found.is_empty() {
            kept.push(spec.clone());
            owned.extend(found);
        }
    }
    let others = seen.policies.iter().filter(|(fingerprint, _)| !owned.contains(*fingerprint));
    let described = |policy| {
        let spec = describe(policy, owner, catalog, &seen.names);
        workers.map_or(spec.clone(), |workers| spec.with_names(workers))
    };
    let foreign: Vec<_> = others.clone().map(|(_, policy)| described(policy)).collect();
    let foreign_owned = others.map(|(fingerprint, _)| *fingerprint).collect();
    let granted = |specs: &[PolicySpec]| grants::shown(specs, owner, catalog, &seen.names);
    let (kept_grants, foreign_grants) = (granted(&kept), granted(&foreign));
    Matched { kept, owned, foreign, foreign_owned, kept_grants, foreign_grants }
}
