//! The generated files are up to date, and the generator detects files that are not.

use std::fs;
use std::path::{Path, PathBuf};

use cloudflare_tokens::model;
use cloudflare_tokens::tf_provider::framework::{
    Model, Parameter, Raw, Schema, Schemas, Set, Signature, Type, Validator, computed, optional, required,
};
use secrecy::SecretString;

use crate::generator::{COMMAND, Difference, generate, root, schemas};

#[test]
fn pages_and_golden_schema_are_what_the_generator_writes() {
    let differences = generate(&schemas(), root()).unwrap().differences(root()).unwrap();
    let listed: Vec<_> = differences.iter().map(ToString::to_string).collect();
    assert!(listed.is_empty(), "{}\nTo bring them up to date: {COMMAND}", listed.join("\n"));
}

model! {
    /// An inner thing.
    struct Inner {
        /// Which.
        which: String = required().check(Validator::one_of(&["a", "b"])),
    }
}

model! {
    /// A thing. It goes
    /// on in the next line.
    ///
    /// More of it.
    struct Thing {
        /// What it is
        /// called.
        name: String = required().requires_replace(),
        /// Its parts.
        parts: Set<Inner> = optional(),
        /// Its colour.
        colour: String = optional().or(Raw::string("red")).conflicts_with(&["parts"]),
        /// Its key.
        key_wo: String = optional().write_only(),
        /// Its old name.
        old: String = optional().deprecated("Use `name`."),
        /// Its secret.
        secret: SecretString = computed(),
    }
}

fn things() -> Schemas {
    let schema = Schema { version: 0, description: Thing::DESCRIPTION, attributes: Thing::attributes() };
    let parameter =
        |name| Parameter { name, ty: Type::String, allow_unknown: false, description: "Which one." };
    let join = Signature {
        summary: "Joins.",
        description: "Joins them.",
        parameters: vec![parameter("first")],
        variadic: Some(parameter("rest")),
        result: Type::list(Type::String),
    };
    Schemas {
        provider: schema.clone(),
        resources: [("cloudflare_thing", schema.clone())].into(),
        identities: [].into(),
        data_sources: [("cloudflare_thing", schema.clone())].into(),
        ephemeral_resources: [("cloudflare_thing", schema.clone())].into(),
        list_resources: [("cloudflare_thing", schema.clone())].into(),
        actions: [("cloudflare_thing", schema)].into(),
        functions: [("join", join)].into(),
    }
}

fn page(path: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "examples/resources/cloudflare_thing/resource.tf", "resource {}\n");
    write(folder.path(), "examples/resources/cloudflare_thing/notes.md", "## Promises\n\nNone.\n");
    write(folder.path(), "examples/resources/cloudflare_thing/import.sh", "terraform import x\n");
    generate(&things(), folder.path()).unwrap().write(folder.path()).unwrap();
    fs::read_to_string(folder.path().join(path)).unwrap()
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_page_says_all_that_the_declaration_says() {
    let page = page("docs/resources/thing.md");
    for line in [
        "page_title: \"cloudflare_thing Resource - terraform-provider-cloudflare-tokens\"",
        "  A thing. It goes on in the next line.",
        "# cloudflare_thing (Resource)",
        "- `name` (String) What it is called. Changing it replaces the resource.",
        "- `parts` (Attributes Set) Its parts. Conflicts with `colour`. (see [below for nested schema](#nestedatt--parts))",
        "- `colour` (String) Its colour. Default: `\"red\"`. Conflicts with `parts`.",
        "- `old` (String, Deprecated) Its old name. **Deprecated:** Use `name`.",
        "- `secret` (String, Sensitive) Its secret.",
        "<a id=\"nestedatt--parts\"></a>",
        "### Nested Schema for `parts`",
        "- `which` (String) Which. Constraints: `a` or `b`.",
        "terraform import x",
    ] {
        assert!(page.lines().any(|l| l == line), "no line\n{line}\nin\n{page}");
    }
    assert!(page.contains("- `key_wo` (String, [Write-only](https://"), "{page}");
    let at = |text| page.find(text).unwrap();
    assert!(at("More of it.") < at("## Promises") && at("## Promises") < at("## Example Usage"));
    assert!(at("## Example Usage") < at("## Schema") && at("## Schema") < at("## Import"));
}

#[test]
fn a_functions_page_has_its_signature_and_its_arguments() {
    let page = page("docs/functions/join.md");
    assert!(page.contains("```text\njoin(first string, rest... string) list(string)\n```"), "{page}");
    let arguments = "1. `first` (String) Which one.\n1. `rest` (Variadic, String) Which one.\n";
    assert!(page.ends_with(arguments), "{page}");
}

#[test]
fn missing_changed_and_stale_files_are_found_and_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let generated = generate(&things(), root).unwrap();
    generated.write(root).unwrap();
    assert_eq!(generated.differences(root).unwrap(), []);

    fs::remove_file(root.join("docs/index.md")).unwrap();
    write(root, "docs/resources/gone.md", "Gone.\n");
    write(root, "docs/guides/by-hand.md", "By hand.\n");
    let golden = fs::read_to_string(root.join("tests/golden/schema.json")).unwrap();
    write(root, "tests/golden/schema.json", &golden.replacen("\"actions\"", "\"act\"", 1));
    let found = generated.differences(root).unwrap();
    let expected = [
        Difference::Missing(PathBuf::from("docs/index.md")),
        Difference::Changed(PathBuf::from("tests/golden/schema.json"), 2),
        Difference::Stale(PathBuf::from("docs/resources/gone.md")),
    ];
    assert_eq!(found, expected);

    generated.write(root).unwrap();
    assert_eq!(generated.differences(root).unwrap(), []);
    assert!(root.join("docs/guides/by-hand.md").exists());
}

#[test]
fn the_golden_schema_shows_each_part_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    generate(&things(), folder.path()).unwrap().write(folder.path()).unwrap();
    let text = fs::read_to_string(folder.path().join("tests/golden/schema.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let attributes = &json["resources"]["cloudflare_thing"]["attributes"];
    let expected = serde_json::json!({"mode": "required", "type": "string", "requires_replace": true});
    assert_eq!(attributes["name"], expected);
    assert_eq!(attributes["parts"]["nesting"], "set");
    assert_eq!(attributes["parts"]["attributes"]["which"]["constraints"][0], "`a` or `b`");
    assert_eq!(attributes["colour"]["default"], "\"red\"");
    assert_eq!(attributes["secret"]["sensitive"], true);
    assert_eq!(attributes["key_wo"]["write_only"], true);
    assert_eq!(json["functions"]["join"]["variadic"]["name"], "rest");
}
