//! The schema section of a page, like tfplugindocs writes it: attributes grouped by who sets them, then the nested
//! attributes with an anchor each.

use cloudflare_tokens::tf_provider::framework::{Attribute, Kind, Mode, Nesting, Type, described};

use super::prose;

const WRITE_ONLY: &str =
    "https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments";

/// What Terraform does inside an attribute, unlike inside a block.
const MISSPELT: &str = "\n> **NOTE**: Inside an object, Terraform drops an argument whose name it does not know, without an \
                        error, before the provider sees it. Compare what the plan shows with what you wrote.\n";

/// Describes all attributes of a type.
pub fn section(attributes: &[Attribute]) -> String {
    let mut out = String::from("## Schema\n");
    for (title, members) in groups(attributes) {
        out += &format!("\n### {title}\n\n");
        if members.iter().any(|a| a.write_only) {
            out += &format!(
                "> **NOTE**: [Write-only arguments]({WRITE_ONLY}) need Terraform 1.11 or OpenTofu 1.11, or later.\n\n"
            );
        }
        members.iter().for_each(|a| out += &item(a, attributes, &[]));
    }
    nested(attributes, &[], &mut out);
    out
}

fn nested(attributes: &[Attribute], inside: &[&str], out: &mut String) {
    for attribute in sorted(attributes) {
        let Some(inner) = inner(attribute) else { continue };
        let path = [inside, &[attribute.name]].concat();
        *out += &format!(
            "\n<a id=\"{}\"></a>\n### Nested Schema for `{}`\n",
            anchor(attribute, &path),
            path.join(".")
        );
        let written = attribute.mode != Mode::Computed && matches!(attribute.kind, Kind::Nested(..));
        if written && inside.is_empty() {
            *out += MISSPELT;
        }
        for (title, members) in groups(inner) {
            *out += &format!("\n{title}:\n\n");
            members.iter().for_each(|a| *out += &item(a, inner, &path));
        }
        nested(inner, &path, out);
    }
}

fn sorted(attributes: &[Attribute]) -> Vec<&Attribute> {
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by_key(|a| a.name);
    sorted
}

fn groups(attributes: &[Attribute]) -> Vec<(&'static str, Vec<&Attribute>)> {
    let title = |mode| match mode {
        Mode::Required => "Required",
        Mode::Optional | Mode::OptionalComputed => "Optional",
        Mode::Computed => "Read-Only",
    };
    let group =
        |name| (name, sorted(attributes).into_iter().filter(|a| title(a.mode) == name).collect::<Vec<_>>());
    ["Required", "Optional", "Read-Only"].map(group).into_iter().filter(|(_, all)| !all.is_empty()).collect()
}

/// The attributes nested in an attribute or block.
fn inner(attribute: &Attribute) -> Option<&[Attribute]> {
    match &attribute.kind {
        Kind::Leaf(_) => None,
        Kind::Nested(_, inner) | Kind::Block(inner) => Some(inner),
    }
}

fn anchor(attribute: &Attribute, path: &[&str]) -> String {
    let kind = if matches!(attribute.kind, Kind::Block(_)) { "nestedblock" } else { "nestedatt" };
    format!("{kind}--{}", path.join("--"))
}

/// Writes an attribute as a list item.
fn item(attribute: &Attribute, siblings: &[Attribute], inside: &[&str]) -> String {
    let mut text = described(attribute, siblings);
    if inner(attribute).is_some() {
        let path = [inside, &[attribute.name]].concat();
        text += &format!(" (see [below for nested schema](#{}))", anchor(attribute, &path));
    }
    let text = prose::indent(&text, "  ");
    format!("- `{}` ({}) {}\n", attribute.name, flags(attribute), text.trim_start())
}

fn flags(attribute: &Attribute) -> String {
    let mut flags = vec![match &attribute.kind {
        Kind::Leaf(ty) => type_name(ty),
        Kind::Nested(Nesting::Single, _) => "Attributes".to_owned(),
        Kind::Nested(Nesting::List, _) => "Attributes List".to_owned(),
        Kind::Nested(Nesting::Set, _) => "Attributes Set".to_owned(),
        Kind::Nested(Nesting::Map, _) => "Attributes Map".to_owned(),
        Kind::Block(_) => "Block, Optional".to_owned(),
    }];
    if attribute.sensitive {
        flags.push("Sensitive".to_owned());
    }
    if attribute.write_only {
        flags.push(format!("[Write-only]({WRITE_ONLY})"));
    }
    if attribute.deprecated.is_some() {
        flags.push("Deprecated".to_owned());
    }
    flags.join(", ")
}

/// The name of a type on the registry's pages.
pub fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(of) => format!("List of {}", type_name(of)),
        Type::Set(of) => format!("Set of {}", type_name(of)),
        Type::Map(of) => format!("Map of {}", type_name(of)),
        Type::Tuple(_) | Type::Object(_) => format!("`{ty}`"),
    }
}
