//! The texts of schemas. The registry's pages and Terraform use the same ones. Terraform shows them in editors and in
//! `terraform providers schema`.

use super::attribute::{Attribute, Kind, Mode};
use crate::tf_provider::framework::value::{Number, Raw};

/// Unwraps the paragraphs of a doc comment, which are wrapped for the source; code blocks, lists and tables keep their
/// lines.
pub fn unwrap(doc: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    let mut joins = false;
    for line in doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        let fence = line.starts_with("```");
        let keeps = fenced || fence || line.is_empty() || line.starts_with(['-', '|', '#', ' ']);
        if !out.is_empty() {
            out.push(if joins && !keeps { ' ' } else { '\n' });
        }
        out.push_str(line);
        fenced ^= fence;
        joins = !fenced && !fence && !line.is_empty();
    }
    out
}

/// The whole text of an attribute: its description, then a sentence for each property of its declaration.
pub fn described(attribute: &Attribute, siblings: &[Attribute]) -> String {
    let mut text = unwrap(attribute.description);
    let further = remarks(attribute, siblings);
    if !further.is_empty() {
        text.push_str(if text.contains('\n') { "\n\n" } else { " " });
        text.push_str(&further.join(" "));
    }
    text
}

/// The properties in the declaration, one sentence each.
fn remarks(attribute: &Attribute, siblings: &[Attribute]) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(default) = &attribute.default {
        out.push(format!("Default: `{}`.", hcl(default)));
    }
    let rules: Vec<_> = attribute.validators.iter().map(|v| v.rule.as_str()).collect();
    if !rules.is_empty() {
        out.push(format!("Constraints: {}.", rules.join("; ")));
    }
    let optionals = match &attribute.kind {
        Kind::Leaf(_) => false,
        Kind::Nested(_, inner) | Kind::Block(inner) => inner.iter().all(|a| a.mode == Mode::Optional),
    };
    if attribute.mode != Mode::Computed && optionals {
        out.push("At least one argument in it must be set.".to_owned());
    }
    let conflicts = conflicts(attribute, siblings);
    if !conflicts.is_empty() {
        let names: Vec<_> = conflicts.iter().map(|name| format!("`{name}`")).collect();
        out.push(format!("Conflicts with {}.", names.join(", ")));
    }
    if attribute.requires_replace {
        out.push("Changing it replaces the resource.".to_owned());
    }
    if let Some(why) = attribute.deprecated {
        out.push(format!("**Deprecated:** {why}"));
    }
    out
}

/// The conflicting siblings. A conflict is declared on one side and holds on both.
fn conflicts<'a>(attribute: &'a Attribute, siblings: &'a [Attribute]) -> Vec<&'a str> {
    let others = siblings.iter().filter(|other| {
        attribute.conflicts_with.contains(&other.name) || other.conflicts_with.contains(&attribute.name)
    });
    others.map(|other| other.name).collect()
}

/// A default as HCL writes it.
pub fn hcl(raw: &Raw) -> String {
    let list = |elements: &[Raw]| elements.iter().map(hcl).collect::<Vec<_>>().join(", ");
    match raw {
        Raw::Null | Raw::Unknown => "null".to_owned(),
        Raw::Bool(value) => value.to_string(),
        Raw::Number(number) => Number::as_text(number).to_owned(),
        Raw::String(text) => format!("{:?}", &**text),
        Raw::List(elements) | Raw::Set(elements) => format!("[{}]", list(elements)),
        Raw::Map(elements) => {
            let pairs: Vec<_> =
                elements.iter().map(|(key, value)| format!("{key} = {}", hcl(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Raw::Dynamic(typed) => hcl(&typed.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;
    use crate::tf_provider::framework::{Model, Set, Validator, optional, required};

    model! {
        /// A thing.
        struct Thing {
            /// What it is
            /// called.
            name: String = required().requires_replace().check(Validator::one_of(&["a", "b"])),
            /// Its parts:
            ///
            /// - wheels
            /// - doors
            parts: Set<String> = optional(),
            /// Its colour.
            colour: String = optional().or(Raw::string("red")).conflicts_with(&["parts"]),
        }
    }

    #[test]
    fn an_attribute_is_described_in_whole_lines_with_its_rules() {
        let attributes = Thing::attributes();
        let said: Vec<_> = attributes.iter().map(|attribute| described(attribute, &attributes)).collect();
        let name = "What it is called. Constraints: `a` or `b`. Changing it replaces the resource.";
        let parts = "Its parts:\n\n- wheels\n- doors\n\nConflicts with `colour`.";
        let colour = "Its colour. Default: `\"red\"`. Conflicts with `parts`.";
        assert_eq!(said, [name, parts, colour]);
    }
}
