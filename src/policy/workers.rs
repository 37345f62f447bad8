//! The Workers of an account. Users write their names, and policies have their tags, which stay when a Worker is renamed.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::Policy;
use super::keys;
use super::problem::{Fault, Part, Problem};
use super::spec::{PolicySpec, Selection, Target};
use super::suggest;

/// The Workers, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workers(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Workers {
    /// Of pairs of a name and a tag.
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Workers {
    /// Whether no Worker is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tag of the Worker of this name.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The name of the Worker with this tag.
    pub fn name(&self, tag: &str) -> Option<&str> {
        self.0.iter().find(|(_, known)| *known == tag).map(|(name, _)| name.as_str())
    }
}

impl PolicySpec {
    /// The names of Workers that it applies to. They must become tags before the spec means a policy.
    pub fn worker_names(&self) -> Option<&BTreeSet<String>> {
        match &self.target {
            Target::Workers(Selection::Only(names)) => Some(names),
            _ => None,
        }
    }

    /// The same spec with the tags of its Workers in place of their names.
    ///
    /// # Errors
    /// A problem for each name that no Worker has.
    pub fn with_tags(&self, workers: &Workers) -> Result<Self, Vec<Problem>> {
        let Some(names) = self.worker_names() else { return Ok(self.clone()) };
        let missing: Vec<_> = names.iter().filter(|name| workers.tag(name).is_none()).collect();
        if !missing.is_empty() {
            let problem = |name: &String| {
                let nearest = suggest::nearest(workers.0.keys().map(|name| (name.as_str(), true)), name);
                Problem::new(
                    Part::Workers(Some(name.clone())),
                    Fault::NoWorker { name: name.clone(), nearest },
                )
            };
            return Err(missing.into_iter().map(problem).collect());
        }
        let keys =
            names.iter().filter_map(|name| workers.tag(name)).map(|tag| (keys::worker(tag), "*".to_owned()));
        Ok(Self { target: Target::Resources(keys.collect()), ..self.clone() })
    }

    /// The same with names in place of tags, if every tag belongs to a known Worker.
    #[must_use]
    pub fn with_names(self, workers: &Workers) -> Self {
        let Target::Resources(map) = &self.target else { return self };
        let name = |(key, value): (&String, &String)| {
            let tag = key.strip_prefix(keys::WORKER_SCRIPT).filter(|_| value == "*")?;
            workers.name(tag).map(str::to_owned)
        };
        match map.iter().map(name).collect::<Option<BTreeSet<_>>>() {
            Some(names) if !names.is_empty() => {
                Self { target: Target::Workers(Selection::Only(names)), ..self }
            }
            _ => self,
        }
    }

    /// Whether the spec can still mean these tags, which its names had when it was applied. A name without a Worker can
    /// mean any tag: the Worker was renamed or deleted. A name that now belongs to another Worker cannot.
    fn may_mean(&self, tags: &BTreeSet<&str>, workers: &Workers) -> bool {
        let Some(names) = self.worker_names() else { return false };
        names.len() == tags.len()
            && names.iter().filter_map(|name| workers.tag(name)).all(|tag| tags.contains(tag))
    }
}

/// Whether the specs that name Workers still mean these policies, as they did when they were applied. They do not if
/// another Worker has one of the names now.
pub fn still_mean<'a>(
    specs: &[PolicySpec],
    policies: impl IntoIterator<Item = &'a Policy>,
    workers: &Workers,
) -> bool {
    let mut left: Vec<BTreeSet<&str>> = policies.into_iter().map(Policy::worker_tags).collect();
    let (certain, renamed): (Vec<_>, Vec<_>) = specs
        .iter()
        .filter_map(|spec| Some((spec, spec.worker_names()?)))
        .partition(|(_, names)| names.iter().all(|name| workers.tag(name).is_some()));
    // Specs with a choice come last.
    certain.into_iter().chain(renamed).all(|(spec, _)| {
        let at = left.iter().position(|tags| spec.may_mean(tags, workers));
        at.map(|at| left.remove(at)).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner::Owner;
    use crate::policy::{Effect, Resource};

    fn workers(pairs: &[(&str, &str)]) -> Workers {
        pairs.iter().map(|(name, tag)| (name.to_string(), tag.to_string())).collect()
    }

    fn spec(names: &[&str]) -> PolicySpec {
        let names = names.iter().map(ToString::to_string).collect();
        let target = Target::Workers(Selection::Only(names));
        PolicySpec { effect: Effect::Allow, permission_groups: BTreeSet::from(["G".to_owned()]), target }
    }

    fn policy(tags: &[&str]) -> Policy {
        let resources = tags.iter().map(|tag| (keys::worker(tag), Resource::every())).collect();
        Policy::new(Effect::Allow, BTreeSet::new(), resources, &Owner::Account("a".into()))
    }

    #[test]
    fn names_become_tags_and_tags_names() {
        let known = workers(&[("edge", "t1"), ("cron", "t2")]);
        let tagged = spec(&["edge", "cron"]).with_tags(&known).unwrap();
        let keys = ["t1", "t2"].map(|tag| (keys::worker(tag), "*".to_owned()));
        assert_eq!(tagged.target, Target::Resources(keys.into()));
        assert_eq!(tagged.clone().with_names(&known), spec(&["edge", "cron"]));
        assert_eq!(tagged.clone().with_names(&workers(&[("edge", "t1")])), tagged, "one has no name");
        let one = spec(&["cron"]);
        assert_eq!(one.with_tags(&known).unwrap().with_names(&known), one);
        let nothing = PolicySpec { target: Target::Resources(BTreeMap::new()), ..spec(&[]) };
        assert_eq!(nothing.clone().with_names(&known), nothing);
        let zones = PolicySpec { target: Target::Zones(Selection::All), ..spec(&[]) };
        assert_eq!(zones.with_tags(&known), Ok(zones.clone()));
        assert_eq!(zones.clone().with_names(&known), zones);
    }

    #[test]
    fn a_name_that_no_worker_has_is_answered_with_the_nearest() {
        let problems =
            spec(&["edge-apy", "edge-api"]).with_tags(&workers(&[("edge-api", "t1")])).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].part, Part::Workers(Some("edge-apy".into())));
        let (name, nearest) = ("edge-apy".to_owned(), vec!["edge-api".to_owned()]);
        assert_eq!(problems[0].fault, Fault::NoWorker { name, nearest });
        let problems = spec(&["x"]).with_tags(&Workers::default()).unwrap_err();
        assert_eq!(problems[0].fault, Fault::NoWorker { name: "x".into(), nearest: vec![] });
    }

    #[test]
    fn a_renamed_worker_is_the_same_and_another_one_of_its_name_is_not() {
        let was = [policy(&["t1"])];
        let means = |specs: &[PolicySpec], policies: &[Policy], known: &[(&str, &str)]| {
            still_mean(specs, policies, &workers(known))
        };
        assert!(means(&[spec(&["edge"])], &was, &[("edge", "t1")]));
        assert!(means(&[spec(&["edge"])], &was, &[("renamed", "t1")]));
        assert!(means(&[spec(&["edge"])], &was, &[]), "deleted");
        assert!(!means(&[spec(&["edge"])], &was, &[("edge", "t2")]));
        assert!(!means(&[spec(&["edge"])], &was, &[("edge", "t2"), ("renamed", "t1")]));
        assert!(!means(&[spec(&["edge", "cron"])], &was, &[("edge", "t1")]), "one has no tag");
        let both = [policy(&["t1"]), policy(&["t2"])];
        // `cron` took the name of `edge`: the policy of the old one belongs to nobody, and the other one to both.
        assert!(!means(&[spec(&["edge"]), spec(&["cron"])], &[both[1].clone()], &[("edge", "t2")]));
        assert!(means(&[spec(&["cron"]), spec(&["edge"])], &both, &[("edge", "t1")]));
    }
}
