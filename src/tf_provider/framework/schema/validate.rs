//! Validation of a configuration against the declarations in its schema.

use super::attribute::{Attribute, Kind, Mode, Nesting};
use super::nulls::{missing, nulls};
use crate::tf_provider::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::framework::path::Path;
use crate::tf_provider::framework::value::{Raw, Type};

/// How much a text looks like a credential. Diagnostics do not quote a text that may be one: a user may have written a
/// credential into an attribute that is not sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretLikeness {
    /// It does not look like a credential.
    None,
    /// It may be one: it is long enough and has no other form.
    Possible,
    /// It has the prefix of a known kind of credential.
    Certain,
}

/// The provider's knowledge of what credentials look like.
pub type SecretTest = fn(&str) -> SecretLikeness;

/// Runs every attribute's checks over a configuration, and refuses null elements and missing attributes. Unknown values
/// pass: they are checked again once known.
///
/// `write_only`: the client knows write-only attributes. Older clients would store them.
pub fn validate(attributes: &[Attribute], config: &Raw, write_only: bool, secret: SecretTest) -> Diagnostics {
    let mut found = nulls(attributes, config);
    let required = attributes.iter().filter(|a| a.mode == Mode::Required && config.get(a.name).is_null());
    found.extend(Diagnostics(required.map(|a| missing(a.name)).collect()));
    object(
        attributes,
        config,
        &Path::root(),
        Round { secret, kind: RoundKind::First { write_only } },
        &mut found,
    );
    found
}

/// Runs the checks that validation was lenient with, over a configuration that a real run has: none of a mock.
pub(crate) fn validate_again(attributes: &[Attribute], config: &Raw, secret: SecretTest) -> Diagnostics {
    let mut found = Diagnostics::none();
    object(attributes, config, &Path::root(), Round { secret, kind: RoundKind::Again }, &mut found);
    found
}

/// One pass over a configuration.
#[derive(Clone, Copy)]
struct Round {
    secret: SecretTest,
    kind: RoundKind,
}

/// Which checks a pass runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RoundKind {
    /// All of them.
    First { write_only: bool },
    /// Those alone that the first round was lenient with.
    Again,
}

fn object(attributes: &[Attribute], config: &Raw, at: &Path, round: Round, found: &mut Diagnostics) {
    for attribute in attributes {
        let value = config.get(attribute.name);
        if value.is_null() {
            continue;
        }
        let path = at.attribute(attribute.name);
        if let RoundKind::First { write_only } = round.kind {
            alone(attribute, config, &path, write_only, found);
        }
        if !value.is_unknown() {
            checks(attribute, value, &path, round, found);
            match &attribute.kind {
                Kind::Leaf(_) => {}
                Kind::Nested(nesting, inner) => nested(*nesting, inner, value, &path, round, found),
                Kind::Block(inner) => object(inner, value, &path, round, found),
            }
        }
    }
}

/// What does not depend on the attribute's value.
fn alone(attribute: &Attribute, config: &Raw, path: &Path, write_only: bool, found: &mut Diagnostics) {
    if let Some(why) = attribute.deprecated {
        found.push(Diagnostic::warning(format!("`{path}` is deprecated"), why).at(path.clone()));
    }
    if attribute.write_only && !write_only {
        let detail = "Write-only attributes need Terraform 1.11 or OpenTofu 1.11, or later: this version would \
                      store the value in its state.";
        found.push(Diagnostic::error(format!("`{path}` cannot be used here"), detail).at(path.clone()));
    }
    for other in attribute.conflicts_with {
        // What is unknown may turn out to be null: the plan at apply, where all is known, validates again.
        let known = |value: &Raw| !value.is_null() && !value.is_unknown();
        if known(config.get(attribute.name)) && known(config.get(other)) {
            let summary = format!("`{}` conflicts with `{other}`", attribute.name);
            let detail = format!("Only one of `{}` and `{other}` may be set.", attribute.name);
            found.push(Diagnostic::error(summary, detail).at(path.clone()));
        }
    }
}

fn checks(attribute: &Attribute, value: &Raw, path: &Path, round: Round, found: &mut Diagnostics) {
    if round.kind != RoundKind::Again
        && matches!(&attribute.kind, Kind::Leaf(ty) if *ty == Type::Number)
        && matches!(value, Raw::Number(number) if number.as_i64().is_none())
    {
        let detail = format!("`{}` is not a whole number of at most 64 bits.", attribute.name);
        found.push(Diagnostic::error(format!("Invalid `{path}`"), detail).at(path.clone()));
        return;
    }
    for validator in &attribute.validators {
        let checked = match round.kind {
            RoundKind::First { .. } => validator.validate(value),
            RoundKind::Again if validator.is_lenient() => validator.check(value),
            RoundKind::Again => Ok(()),
        };
        if let Err(wrong) = checked {
            let subject = match (wrong.part.as_deref().or(value.as_str()), attribute.sensitive) {
                (Some(text), false) => match (round.secret)(text) {
                    SecretLikeness::Possible if wrong.no_secret => format!("\"{text}\""),
                    SecretLikeness::None => format!("\"{text}\""),
                    SecretLikeness::Possible | SecretLikeness::Certain => {
                        "The value (hidden, since it may be a secret)".to_owned()
                    }
                },
                (Some(_), true) => "The value (hidden, since it is sensitive)".to_owned(),
                (None, _) => format!("`{}`", attribute.name),
            };
            let detail = format!("{subject} {}", wrong.fault);
            found.push(Diagnostic::error(format!("Invalid `{path}`"), detail).at(path.clone()));
        }
    }
}

fn nested(
    nesting: Nesting,
    inner: &[Attribute],
    value: &Raw,
    at: &Path,
    round: Round,
    found: &mut Diagnostics,
) {
    match (nesting, value) {
        (Nesting::Single, Raw::Map(_)) => object(inner, value, at, round, found),
        (Nesting::List, Raw::List(elements)) => {
            elements.iter().enumerate().for_each(|(i, e)| object(inner, e, &at.index(i), round, found));
        }
        (Nesting::Map, Raw::Map(elements)) => {
            elements.iter().for_each(|(key, e)| object(inner, e, &at.key(key), round, found));
        }
        (Nesting::Set, Raw::Set(elements)) => {
            // The protocol cannot point at an element of a set. So the message names the inner attribute, the path ends at
            // the set.
            let mut inside = Diagnostics::none();
            elements.iter().for_each(|e| object(inner, e, at, round, &mut inside));
            for diagnostic in inside.0 {
                found.push(diagnostic.at(at.clone()));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::SecretString;

    use super::*;
    use crate::model;
    use crate::tf_provider::framework::{Model, Number, Set, Validator, optional, required};

    fn short() -> Validator {
        Validator::string("at most 3 characters", |s| {
            if s.len() <= 3 {
                Ok(())
            } else {
                Err("is too long: at most 3 characters are allowed.".to_owned())
            }
        })
    }

    model! {
        /// Inner.
        struct Inner {
            /// A name.
            name: String = required().check(short()),
        }
    }

    model! {
        /// Outer.
        struct Outer {
            /// A secret.
            secret: SecretString = optional().check(short()),
            /// Names.
            names: Set<String> = optional().check(short()).conflicts_with(&["inner"]),
            /// Nested.
            inner: Set<Inner> = optional().check(Validator::not_empty("Leave it out.")),
            /// Never stored.
            once: String = optional().write_only(),
            /// A version.
            version: i64 = optional(),
        }
    }

    fn config(pairs: &[(&str, Raw)]) -> Raw {
        Raw::Map(pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    }

    fn likeness(text: &str) -> SecretLikeness {
        match text {
            _ if text.starts_with("key-") => SecretLikeness::Certain,
            _ if text.contains(' ') => SecretLikeness::Possible,
            _ => SecretLikeness::None,
        }
    }

    fn run(pairs: &[(&str, Raw)]) -> Vec<(String, String, String)> {
        let found = validate(&Outer::attributes(), &config(pairs), false, likeness);
        found.0.into_iter().map(|d| (d.path.unwrap().to_string(), d.summary, d.detail)).collect()
    }

    #[test]
    fn a_fault_is_told_with_its_path_its_value_and_what_would_be_right() {
        let found = run(&[("names", Raw::set([Raw::string("ok"), Raw::string("long"), Raw::Unknown]))]);
        let expected =
            ("names", "Invalid `names`", "\"long\" is too long: at most 3 characters are allowed.");
        assert_eq!(found, [(expected.0.into(), expected.1.into(), expected.2.into())]);
    }

    #[test]
    fn a_sensitive_value_is_never_quoted() {
        let found = run(&[("secret", Raw::string("hunter2"))]);
        assert_eq!(found.len(), 1);
        assert!(!found[0].2.contains("hunter2"), "{found:?}");
    }

    #[test]
    fn inside_a_set_the_path_ends_at_the_set() {
        let inner = Raw::Map(BTreeMap::from([("name".to_owned(), Raw::string("long"))]));
        let found = run(&[("inner", Raw::set([inner]))]);
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("inner", "Invalid `inner.name`"));
        assert_eq!(run(&[("inner", Raw::set([]))])[0].2, "`inner` is empty. Leave it out.");
    }

    #[test]
    fn what_looks_like_a_secret_is_not_quoted_wherever_it_was_written() {
        for text in ["key-short", "long long text"] {
            for config in [("names", Raw::set([Raw::string(text)])), ("name", Raw::string(text))] {
                let inner = |raw| Raw::set([Raw::Map(BTreeMap::from([("name".to_owned(), raw)]))]);
                let config = if config.0 == "name" { ("inner", inner(config.1)) } else { config };
                let found = run(&[config]);
                assert_eq!(found.len(), 1);
                assert!(!found[0].2.contains(text.trim()) && found[0].2.contains("hidden"), "{found:?}");
            }
        }
        let plain = "text";
        assert!(run(&[("names", Raw::set([Raw::string(plain)]))])[0].2.contains(plain));
    }

    #[test]
    fn numbers_are_whole_and_of_64_bits() {
        for wrong in ["1.5", "9223372036854775808"] {
            let found = run(&[("version", Raw::Number(Number::from_text(wrong)))]);
            assert_eq!((found.len(), found[0].0.as_str()), (1, "version"), "{found:?}");
        }
        assert_eq!(run(&[("version", Raw::Number(Number::from(-1)))]), []);
    }

    #[test]
    fn a_write_only_value_for_an_old_client_is_refused() {
        let found = run(&[("once", Raw::string("x"))]);
        assert_eq!(found[0].1, "`once` cannot be used here");
    }

    #[test]
    fn a_required_attribute_that_is_null_is_missing() {
        let found = validate(&Inner::attributes(), &config(&[("name", Raw::Null)]), true, likeness);
        let [missing] = found.0.as_slice() else { panic!("{found:?}") };
        assert_eq!((missing.summary.as_str(), &missing.path), ("Missing `name`", &Some(Path::of("name"))));
    }

    #[test]
    fn a_null_element_is_refused_beside_what_else_is_wrong() {
        let found = run(&[("names", Raw::set([Raw::Null, Raw::string("long")]))]);
        let summaries: Vec<_> = found.iter().map(|(_, summary, _)| summary.as_str()).collect();
        assert_eq!(summaries, ["Null element in `names`", "Invalid `names`"]);
    }

    #[test]
    fn siblings_conflict_where_both_are_known_and_only_there() {
        let (names, inner) = (Raw::set([Raw::string("ok")]), Raw::set([Raw::Unknown]));
        let found = run(&[("names", names.clone()), ("inner", inner.clone())]);
        assert_eq!(found[0].1, "`names` conflicts with `inner`");
        for (names, inner) in [(names, Raw::Unknown), (Raw::Unknown, inner), (Raw::Unknown, Raw::Unknown)] {
            assert_eq!(run(&[("names", names), ("inner", inner)]), []);
        }
    }
}
