//! Planning as a pure function of the configuration and the prior object. All of it is here, in this sequence ([`plan_change`]):
//!
//! 1. [`plan`] drafts the object from the declarations in the schema.
//! 2. The resource refines the draft. Computed values in it are as they were, so that it can compare.
//! 3. [`mark_unknown`] makes unknown what an update may change by itself, if anything differs by then. What the resource
//!    has planned itself stands.
//!
//! The value contract, which core checks (`AssertPlanValid`):
//!
//! - What the configuration sets is planned as configured, or as it was where both mean the same.
//! - What it leaves unset is null, unless it is computed; a computed value may be anything, also unknown.
//! - A write-only value is null.
//! - Lists and maps keep their length and keys; a set keeps its number of elements.
//!
//! Planning runs again at apply, in another process, and must give the same result. So nothing here depends on the clock or
//! on chance.

use std::collections::BTreeMap;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::path::Path;
use super::schema::{Attribute, Kind, Nesting};
use super::value::Raw;

/// The plan for an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The planned object. Computed values that an update may change are still as they were, see [`mark_unknown`].
    pub planned: Raw,
    /// The attributes whose change replaces the object.
    pub requires_replace: Vec<Path>,
    /// Sets with two elements that are equal after defaults are filled in. They are one element then, and core refuses a
    /// plan whose set is smaller than the configured one.
    pub repeated: Vec<Path>,
}

/// Plans a create or an update in the sequence above. `refine` is the resource's part. It may return more than the plan.
///
/// # Errors
/// What `refine` refuses, and sets with two elements that mean the same.
pub(super) async fn plan_change<T, F: Future<Output = Result<(Plan, T), Diagnostics>>>(
    attributes: &[Attribute],
    prior: &Raw,
    config: &Raw,
    refine: impl FnOnce(Plan) -> F,
) -> Result<(Plan, T), Diagnostics> {
    let draft = plan(attributes, prior, config);
    if !draft.repeated.is_empty() {
        return Err(Diagnostics(draft.repeated.into_iter().map(repeats).collect()));
    }
    let (mut plan, more) = refine(draft).await?;
    mark_unknown(attributes, prior, config, &mut plan.planned);
    Ok((plan, more))
}

fn repeats(path: Path) -> Diagnostic {
    let detail = format!(
        "`{path}` has two elements that mean the same: they differ in nothing but a default that one of them spells out. \
         Remove one of them."
    );
    Diagnostic::error(format!("Repeated element in `{path}`"), detail).at(path)
}

/// Plans an object. `prior` is null on create, `config` is an object.
///
/// - What the configuration sets is planned so, or stays as it was where the attribute's equality finds no difference.
/// - What it leaves unset takes its default; without one a computed value stays as it was, and is unknown on create.
/// - Write-only values are never planned.
pub fn plan(attributes: &[Attribute], prior: &Raw, config: &Raw) -> Plan {
    let mut plan = Plan { planned: Raw::Null, requires_replace: Vec::new(), repeated: Vec::new() };
    plan.planned = object(attributes, prior, config, &Path::root(), &mut plan);
    if prior.is_null() {
        plan.requires_replace.clear();
    }
    plan
}

fn object(attributes: &[Attribute], prior: &Raw, config: &Raw, at: &Path, plan: &mut Plan) -> Raw {
    let creating = prior.is_null();
    Raw::Map(BTreeMap::from_iter(attributes.iter().map(|attribute| {
        let (name, path) = (attribute.name, at.attribute(attribute.name));
        let (config, prior) = (config.get(name), prior.get(name));
        let planned = value(attribute, creating, prior, config, &path, plan);
        if attribute.requires_replace && planned != *prior && !creating {
            plan.requires_replace.push(path);
        }
        (name.to_owned(), planned)
    })))
}

fn value(
    attribute: &Attribute,
    creating: bool,
    prior: &Raw,
    config: &Raw,
    at: &Path,
    plan: &mut Plan,
) -> Raw {
    if attribute.write_only {
        return Raw::Null;
    }
    if config.is_null() {
        return match &attribute.default {
            Some(default) => default.clone(),
            None if !attribute.mode.is_computed() => Raw::Null,
            None if creating => Raw::Unknown,
            None => prior.clone(),
        };
    }
    if config.is_unknown() {
        return Raw::Unknown;
    }
    let planned = match &attribute.kind {
        Kind::Leaf(_) => config.clone(),
        Kind::Nested(nesting, attributes) => nested(*nesting, attributes, prior, config, at, plan),
        Kind::Block(attributes) => nested(Nesting::Single, attributes, prior, config, at, plan),
    };
    let same = |equal: fn(&Raw, &Raw) -> bool| {
        !prior.is_null() && planned.is_wholly_known() && prior.is_wholly_known() && equal(prior, &planned)
    };
    if attribute.equality.is_some_and(same) { prior.clone() } else { planned }
}

fn nested(
    nesting: Nesting,
    attributes: &[Attribute],
    prior: &Raw,
    config: &Raw,
    at: &Path,
    plan: &mut Plan,
) -> Raw {
    let mut element = |prior: &Raw, config: &Raw, at: &Path| match config {
        Raw::Map(_) => object(attributes, prior, config, at, plan),
        null_or_unknown => null_or_unknown.clone(),
    };
    match (nesting, config) {
        (Nesting::Single, _) => element(prior, config, at),
        (Nesting::List, Raw::List(elements)) => {
            let prior = if let Raw::List(prior) = prior { prior.as_slice() } else { &[] };
            let before = |i: usize| prior.get(i).unwrap_or(&Raw::Null);
            Raw::List(elements.iter().enumerate().map(|(i, e)| element(before(i), e, &at.index(i))).collect())
        }
        (Nesting::Map, Raw::Map(elements)) => Raw::Map(BTreeMap::from_iter(
            elements.iter().map(|(key, e)| (key.clone(), element(prior.get(key), e, &at.key(key)))),
        )),
        (Nesting::Set, Raw::Set(elements)) => {
            let prior = if let Raw::Set(prior) = prior { prior.as_slice() } else { &[] };
            // A changed element is a new one: an element is identified by everything that the user wrote in it.
            let before = |config: &Raw| prior.iter().find(|p| is_same_element(attributes, p, config));
            let planned: Vec<_> =
                elements.iter().map(|e| element(before(e).unwrap_or(&Raw::Null), e, at)).collect();
            let set = Raw::set(planned);
            if matches!(&set, Raw::Set(planned) if planned.len() < elements.len()) {
                plan.repeated.push(at.clone());
            }
            set
        }
        (_, other) => other.clone(),
    }
}

fn is_same_element(attributes: &[Attribute], prior: &Raw, config: &Raw) -> bool {
    config.as_map().is_some()
        && attributes.iter().all(|attribute| {
            let (config, prior) = (config.get(attribute.name), prior.get(attribute.name));
            if config.is_null() { attribute.mode.is_computed() || prior.is_null() } else { config == prior }
        })
}

/// Makes values unknown that an update may change: as soon as anything differs from `prior`, every computed value that the
/// configuration leaves unset and that is not declared to survive an update. On create there is nothing to do.
pub fn mark_unknown(attributes: &[Attribute], prior: &Raw, config: &Raw, planned: &mut Raw) {
    if prior.is_null() || *planned == *prior {
        return;
    }
    let Raw::Map(planned) = planned else { return };
    for attribute in attributes {
        let outlives = attribute.keep_prior || attribute.default.is_some() || !attribute.mode.is_computed();
        let Some(value) = planned.get_mut(attribute.name) else { continue };
        // A value that the resource has planned itself stays.
        if !outlives && config.get(attribute.name).is_null() && value == prior.get(attribute.name) {
            *value = Raw::Unknown;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model;
    use crate::tf_provider::framework::{List, Map, Model, Set, computed, optional, required};

    fn same_text(a: &Raw, b: &Raw) -> bool {
        a.as_str().map(str::to_lowercase) == b.as_str().map(str::to_lowercase)
    }

    model! {
        /// An element.
        struct Element {
            /// What.
            what: String = required(),
            /// How.
            how: String = optional().or(Raw::string("well")),
            /// Found out.
            id: String = computed().keep_prior(),
        }
    }

    model! {
        /// An object with an attribute of each behaviour.
        struct Thing {
            /// The id.
            id: String = computed().keep_prior(),
            /// Where.
            home: String = required().requires_replace(),
            /// A name.
            name: String = optional().or_computed().keep_prior(),
            /// Text in any case.
            label: String = optional().same_if(same_text),
            /// Elements.
            elements: Set<Element> = optional(),
            /// By position.
            listed: List<Element> = optional(),
            /// By key.
            mapped: Map<Element> = optional(),
            /// When it last changed.
            changed: String = computed(),
            /// A secret.
            password: String = optional().write_only(),
        }
    }

    fn string(s: &str) -> Raw {
        Raw::string(s)
    }

    fn thing(pairs: &[(&str, Raw)]) -> Raw {
        let mut object = Thing::null().to_object();
        if let Raw::Map(attributes) = &mut object {
            for (name, value) in pairs {
                attributes.insert((*name).to_owned(), value.clone());
            }
        }
        object
    }

    fn element(what: Raw, how: Raw) -> Raw {
        Raw::Map(BTreeMap::from([("what".into(), what), ("how".into(), how), ("id".into(), Raw::Null)]))
    }

    fn full(prior: &Raw, config: &Raw) -> Plan {
        let mut result = plan(&Thing::attributes(), prior, config);
        mark_unknown(&Thing::attributes(), prior, config, &mut result.planned);
        result
    }

    /// What apply would store: every unknown has become something.
    fn applied(raw: &Raw) -> Raw {
        match raw {
            Raw::Unknown => string("made"),
            Raw::List(elements) => Raw::List(elements.iter().map(applied).collect()),
            Raw::Set(elements) => Raw::set(elements.iter().map(applied)),
            Raw::Map(elements) => Raw::Map(elements.iter().map(|(k, v)| (k.clone(), applied(v))).collect()),
            other => other.clone(),
        }
    }

    #[test]
    fn a_create_leaves_computed_values_unknown_and_fills_defaults() {
        let config = thing(&[
            ("home", string("h")),
            ("password", string("p")),
            ("elements", Raw::set([element(string("a"), Raw::Null)])),
        ]);
        let Plan { planned, requires_replace, .. } = full(&Raw::Null, &config);
        assert!(requires_replace.is_empty());
        assert_eq!(planned.get("id"), &Raw::Unknown);
        assert_eq!(planned.get("name"), &Raw::Unknown);
        assert_eq!(planned.get("password"), &Raw::Null);
        assert_eq!(planned.get("label"), &Raw::Null);
        let Raw::Set(elements) = planned.get("elements") else { panic!("no set") };
        assert_eq!(elements[0].get("how"), &string("well"));
        assert_eq!(elements[0].get("id"), &Raw::Unknown);
    }

    #[test]
    fn an_update_keeps_what_outlives_it_and_makes_the_rest_unknown() {
        let config = thing(&[("home", string("h"))]);
        let prior = applied(&full(&Raw::Null, &config).planned);
        let changed = thing(&[("home", string("h")), ("label", string("x"))]);
        let Plan { planned, requires_replace, .. } = full(&prior, &changed);
        assert!(requires_replace.is_empty());
        assert_eq!(planned.get("id"), &string("made"));
        assert_eq!(planned.get("name"), &string("made"));
        assert_eq!(planned.get("changed"), &Raw::Unknown);
    }

    #[test]
    fn a_change_of_spelling_is_no_change() {
        let prior =
            applied(&full(&Raw::Null, &thing(&[("home", string("h")), ("label", string("Label"))])).planned);
        assert_eq!(full(&prior, &thing(&[("home", string("h")), ("label", string("lABEL"))])).planned, prior);
    }

    #[test]
    fn replacement_names_the_attribute_also_where_its_new_value_is_unknown() {
        let prior = applied(&full(&Raw::Null, &thing(&[("home", string("h"))])).planned);
        for home in [string("other"), Raw::Unknown] {
            assert_eq!(full(&prior, &thing(&[("home", home)])).requires_replace, [Path::of("home")]);
        }
    }

    #[test]
    fn an_element_of_a_set_that_is_still_there_keeps_what_was_computed_for_it() {
        let config = |parts: &[&str]| {
            let elements = Raw::set(parts.iter().map(|p| element(string(p), Raw::Null)));
            thing(&[("home", string("h")), ("elements", elements)])
        };
        let prior = applied(&full(&Raw::Null, &config(&["a", "b"])).planned);
        let planned = full(&prior, &config(&["b", "c"])).planned;
        let Raw::Set(elements) = planned.get("elements") else { panic!("no set") };
        let id = |what: &str| elements.iter().find(|e| e.get("what") == &string(what)).unwrap().get("id");
        assert_eq!(id("b"), &string("made"));
        assert_eq!(id("c"), &Raw::Unknown);
    }

    #[test]
    fn elements_of_a_set_that_differ_in_a_written_default_only_are_told() {
        let elements = |hows: [Raw; 2]| Raw::set(hows.map(|how| element(string("a"), how)));
        let config = |hows| thing(&[("home", string("h")), ("elements", elements(hows))]);
        let same = full(&Raw::Null, &config([Raw::Null, string("well")]));
        // What is computed for each may still differ: with an unknown id they stay two.
        assert!(same.repeated.is_empty());
        let prior = applied(&full(&Raw::Null, &config([Raw::Null, Raw::Null])).planned);
        assert_eq!(full(&prior, &config([Raw::Null, string("well")])).repeated, [Path::of("elements")]);
        assert!(full(&prior, &config([string("so"), string("well")])).repeated.is_empty());
    }

    fn text() -> impl Strategy<Value = Raw> {
        let known = prop_oneof![3 => "[a-cA-C]{1,2}", 1 => Just("well".to_owned())];
        prop_oneof![Just(Raw::Null), Just(Raw::Unknown), known.prop_map(Raw::string)]
    }

    fn elements() -> impl Strategy<Value = Vec<Raw>> {
        prop::collection::vec((text().prop_filter("required", |t| !t.is_null()), text()), 0..4)
            .prop_map(|parts| parts.into_iter().map(|(what, how)| element(what, how)).collect())
    }

    prop_compose! {
        fn config()(
            home in text().prop_filter("required", |t| !t.is_null()),
            name in text(), label in text(), password in text(),
            set in prop::option::of(elements()), list in prop::option::of(elements()),
            map in prop::option::of(elements()),
        ) -> Raw {
            let or_null = |o: Option<Raw>| o.unwrap_or(Raw::Null);
            let keyed = |m: Vec<Raw>| {
                Raw::Map(m.into_iter().enumerate().map(|(i, e)| (format!("k{i}"), e)).collect())
            };
            thing(&[
                ("home", home), ("name", name), ("label", label), ("password", password),
                ("elements", or_null(set.map(Raw::set))),
                ("listed", or_null(list.map(Raw::List))),
                ("mapped", or_null(map.map(keyed))),
            ])
        }
    }

    /// Core's rule: a configured value is planned as configured or as it was; an unset one is null unless computed.
    fn valid(attributes: &[Attribute], prior: &Raw, config: &Raw, planned: &Raw) -> bool {
        attributes.iter().all(|a| {
            let (prior, config, planned) = (prior.get(a.name), config.get(a.name), planned.get(a.name));
            if a.write_only {
                return planned.is_null();
            }
            match (&a.kind, config, planned) {
                (_, Raw::Null, planned) => a.mode.is_computed() || planned.is_null(),
                (Kind::Nested(Nesting::List, inner), Raw::List(c), Raw::List(p)) => {
                    c.len() == p.len() && c.iter().zip(p).all(|(c, p)| valid(inner, &Raw::Null, c, p))
                }
                (Kind::Nested(Nesting::Map, inner), Raw::Map(c), Raw::Map(p)) => {
                    c.keys().eq(p.keys()) && c.iter().all(|(k, c)| valid(inner, &Raw::Null, c, &p[k]))
                }
                (Kind::Nested(Nesting::Set, _), Raw::Set(c), Raw::Set(p)) => p.len() == c.len(),
                (_, config, planned) => planned == config || planned == prior,
            }
        })
    }

    proptest! {
        #[test]
        fn core_accepts_every_plan(before in config(), after in config()) {
            let prior = applied(&full(&Raw::Null, &before).planned);
            for prior in [Raw::Null, prior] {
                let Plan { planned, repeated, .. } = full(&prior, &after);
                prop_assert!(!repeated.is_empty() || valid(&Thing::attributes(), &prior, &after, &planned));
            }
        }

        #[test]
        fn planning_again_what_was_applied_changes_nothing(config in config()) {
            // At apply every unknown of the configuration is known.
            let known = applied(&config);
            let prior = applied(&full(&Raw::Null, &known).planned);
            let again = full(&prior, &known);
            prop_assert_eq!(again.planned, prior);
            prop_assert!(again.requires_replace.is_empty());
        }

        #[test]
        fn the_plan_at_apply_agrees_with_the_plan_before(before in config(), after in config()) {
            fn agrees(first: &Raw, second: &Raw) -> bool {
                match (first, second) {
                    (Raw::Unknown, _) => true,
                    (Raw::List(a), Raw::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agrees(a, b)),
                    (Raw::Set(a), Raw::Set(b)) => b.iter().all(|b| a.iter().any(|a| agrees(a, b))),
                    (Raw::Map(a), Raw::Map(b)) => a.keys().eq(b.keys()) && a.iter().all(|(k, a)| agrees(a, &b[k])),
                    (a, b) => a == b,
                }
            }
            let prior = applied(&full(&Raw::Null, &before).planned);
            for prior in [Raw::Null, prior] {
                let (first, second) = (full(&prior, &after).planned, full(&prior, &applied(&after)).planned);
                prop_assert!(agrees(&first, &second));
            }
        }
    }
}
