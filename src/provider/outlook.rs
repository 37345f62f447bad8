//! Reasons why an apply may fail that a plan can already see: a zone of another account, or a credential that expires soon.
//! Each gives a warning, because it may change until the apply. A plan spends at most one request on all of them.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::blocks::{POLICIES, PolicyBlock, specs};
use super::owner::Ownership;
use super::session::Session;
use super::wording;
use crate::owner::Owner;
use crate::policy::{Selection, Target};
use crate::tf_provider::framework::{Diagnostics, Path, Set, Value};
use crate::tokens::TokenService;

/// A credential that expires within this time causes a warning.
const SOON: Duration = Duration::days(7);

/// The ids of the zones that the planned policies name and the policies before did not.
fn new_zones(before: &Value<Set<PolicyBlock>>, planned: &Value<Set<PolicyBlock>>) -> BTreeSet<String> {
    let named = |policies: &Value<Set<PolicyBlock>>| {
        let blocks = policies.known().into_iter().flat_map(Set::known_so_far);
        let targets: Vec<_> = blocks.filter_map(PolicyBlock::target).collect();
        targets
            .into_iter()
            .filter_map(|target| match target {
                Target::Zones(Selection::Only(zones)) => Some(zones),
                _ => None,
            })
            .flatten()
            .collect::<BTreeSet<_>>()
    };
    let had = if specs(before).is_some() { named(before) } else { BTreeSet::new() };
    named(planned).difference(&had).cloned().collect()
}

/// The warnings before rights are written. `before` are the policies that the token already has.
pub(super) async fn look<O: Ownership>(
    session: &Session,
    owner: &O,
    before: &Value<Set<PolicyBlock>>,
    planned: &Value<Set<PolicyBlock>>,
) -> Diagnostics {
    let mut found = Diagnostics::none();
    let Ok(Some((tokens, owner))) = session.look(owner) else { return found };
    let wanted = new_zones(before, planned);
    if let (Owner::Account(account), false) = (&owner, wanted.is_empty())
        && (tokens.knows_zones(account) || session.is_first(REQUEST))
        && let Some(zones) = tokens.zones(account).await
    {
        for zone in wanted.difference(&zones) {
            found.push(wording::zone_of_another(zone, account, zones.len()).at(Path::of(POLICIES)));
        }
    }
    found.extend(credential(session, &tokens, &owner).await);
    found
}

/// The key that marks the request as spent for this run.
const REQUEST: &str = "a look ahead";

/// The warning that the credential expires soon, once in a run.
pub(super) async fn credential(session: &Session, tokens: &TokenService, owner: &Owner) -> Diagnostics {
    if !session.has_token() || !(tokens.knows_own_token() || session.is_first(REQUEST)) {
        return Diagnostics::none();
    }
    // Other requests report other faults of the credential.
    let end = tokens.own_token(owner).await.ok().flatten().and_then(|own| own.expires_on);
    let Some(left) = end.and_then(|end| ends_soon(end, session.now())) else { return Diagnostics::none() };
    if !session.is_first("the credential's end") {
        return Diagnostics::none();
    }
    wording::credential_ends(left.unsigned_abs()).into()
}

/// The time that is left, if it is short.
fn ends_soon(end: OffsetDateTime, now: OffsetDateTime) -> Option<Duration> {
    let left = end - now;
    (left.is_positive() && left < SOON).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Effect, PolicySpec};
    use crate::provider::blocks::policy_set;

    fn on(zones: &[&str]) -> Value<Set<PolicyBlock>> {
        policy_set([PolicySpec {
            effect: Effect::Allow,
            permission_groups: ["DNS Write".to_owned()].into(),
            target: Target::Zones(Selection::Only(zones.iter().map(|&zone| zone.to_owned()).collect())),
        }])
    }

    #[test]
    fn only_zones_that_are_new_are_looked_for() {
        let (one, other) = ("1".repeat(32), "2".repeat(32));
        let new = new_zones(&on(&[&one]), &on(&[&one, &other]));
        assert_eq!(Vec::from_iter(new), [other]);
        assert!(new_zones(&Value::Null, &Value::Unknown).is_empty());
    }

    #[test]
    fn a_credential_ends_soon_within_a_week_and_not_in_the_past() {
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(ends_soon(now + Duration::HOUR, now), Some(Duration::HOUR));
        assert_eq!(ends_soon(now + Duration::days(8), now), None);
        assert_eq!(ends_soon(now - Duration::HOUR, now), None);
    }
}
