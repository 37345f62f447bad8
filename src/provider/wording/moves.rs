//! What is said of `moved` blocks.

use crate::tf_provider::framework::{Diagnostic, MoveSource};

/// A state of the official provider whose layout is not known. `import` is the id that an import takes.
pub(crate) fn moved_from_unknown_version(source: &MoveSource, known: &[i64], import: &str) -> Diagnostic {
    let MoveSource { type_name, schema_version, .. } = source;
    let known: Vec<_> = known.iter().map(ToString::to_string).collect();
    let detail = format!(
        "The state says version {schema_version}, and this provider takes over the versions {} of the official provider's \
         `{type_name}`. {}",
        known.join(", "),
        by_import(import)
    );
    Diagnostic::error(format!("The state of the {type_name} is of an unknown version"), detail)
}

/// A state of the official provider in which an attribute is not as its version writes it.
pub(crate) fn moved_malformed(source: &MoveSource, attribute: &str, import: &str) -> Diagnostic {
    let MoveSource { type_name, schema_version, .. } = source;
    let detail = format!(
        "`{attribute}` is not as version {schema_version} of the official provider's `{type_name}` writes it. {}",
        by_import(import)
    );
    Diagnostic::error(format!("The state of the {type_name} cannot be read"), detail)
}

/// A token of the official provider that is moved to a type for another owner.
pub(crate) fn moved_to_other_owner(source: &MoveSource) -> Diagnostic {
    let (from, to) = match source.type_name.as_str() {
        "cloudflare_api_token" => ("A `cloudflare_api_token` is a user's token", "cloudflare_user_api_token"),
        _ => ("A `cloudflare_account_token` is an account's token", "cloudflare_account_api_token"),
    };
    let detail = format!("{from}, and it stays one. Let `to` in the `moved` block be a `{to}`.");
    Diagnostic::error("The token belongs to another owner", detail)
}

fn by_import(import: &str) -> String {
    format!(
        "An import is the other way: remove the `moved` block, let a `removed` block with `destroy = false` forget the old \
         resource, and an `import` block take the object over by the id \"{import}\". An import brings no secret value."
    )
}
