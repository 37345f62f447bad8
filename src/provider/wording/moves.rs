//! `moved` blocks that take over objects of the official provider.

use crate::tf_provider::framework::{Diagnostic, MoveSource};

/// A state of the official provider whose layout is not known. `import` is the id that an import takes.
pub(crate) fn moved_from_unknown_version(source: &MoveSource, known: &[i64], import: &str) -> Diagnostic {
    let MoveSource { type_name, schema_version, .. } = source;
    let known: Vec<_> = known.iter().map(ToString::to_string).collect();
    let detail = format!(
        "The state has schema version {schema_version}. This provider can take over the versions {} of the official provider's \
         `{type_name}`. {}",
        known.join(", "),
        by_import(import)
    );
    Diagnostic::error(format!("The state of the {type_name} has an unknown version"), detail)
}

/// An attribute in a state of the official provider does not have the form of the state's version.
pub(crate) fn moved_malformed(source: &MoveSource, attribute: &str, import: &str) -> Diagnostic {
    let MoveSource { type_name, schema_version, .. } = source;
    let detail = format!(
        "`{attribute}` does not have the form that version {schema_version} of the official provider's `{type_name}` writes. {}",
        by_import(import)
    );
    Diagnostic::error(format!("The state of the {type_name} cannot be read"), detail)
}

/// A token of the official provider moves to a type for another kind of owner.
pub(crate) fn moved_to_other_owner(source: &MoveSource) -> Diagnostic {
    let (owner, from, to) = match source.type_name.as_str() {
        "cloudflare_api_token" => ("A user", "cloudflare_api_token", "cloudflare_user_api_token"),
        _ => ("An account", "cloudflare_account_token", "cloudflare_account_api_token"),
    };
    let detail = format!(
        "{owner} owns a `{from}`, and a move cannot change the owner. Write a `{to}` in `to` of the `moved` block."
    );
    Diagnostic::error("The token belongs to another owner", detail)
}

fn by_import(import: &str) -> String {
    format!(
        "You can import the object instead: remove the `moved` block, add a `removed` block with `destroy = false` for the old \
         resource, and add an `import` block with the id \"{import}\". An import brings no secret value."
    )
}
