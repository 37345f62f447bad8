//! The registry's pages, one for each type, with the layout and front matter of tfplugindocs.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cloudflare_tokens::tf_provider::framework::{IdentitySchema, Parameter, Schema, Schemas, Signature};

use super::attributes::{section, type_name};
use super::examples::Examples;
use super::{Sort, prose, tables, types};

/// The repository's name, for the titles of the pages.
const REPOSITORY: &str = env!("CARGO_PKG_NAME");
/// The prefix of every type's name. The registry's file names omit it.
const PREFIX: &str = "cloudflare_";

const IMPORT_BLOCK: &str = "https://developer.hashicorp.com/terraform/language/import";
const IMPORT_COMMAND: &str = "https://developer.hashicorp.com/terraform/cli/commands/import";

/// All pages, by path below the root.
pub fn all(schemas: &Schemas, root: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let mut pages = BTreeMap::new();
    let mut add = |sort, name: &str, page: &dyn Fn(&Examples) -> String| {
        pages.insert(path(sort, name), page(&Examples::of(root, sort, name)?));
        io::Result::Ok(())
    };
    add(Sort::Provider, "", &|examples| provider(&schemas.provider, examples))?;
    for (sort, types) in types(schemas) {
        for (name, schema) in types {
            let identity = schemas.identities.get(name).filter(|_| sort == Sort::Resource);
            add(sort, name, &|examples| of_type(sort, name, schema, identity, examples))?;
        }
    }
    for (name, signature) in &schemas.functions {
        add(Sort::Function, name, &|examples| function(name, signature, examples))?;
    }
    Ok(pages)
}

fn path(sort: Sort, name: &str) -> PathBuf {
    let file = format!("{}.md", name.strip_prefix(PREFIX).unwrap_or(name));
    match sort {
        Sort::Provider => PathBuf::from("docs/index.md"),
        Sort::Resource => Path::new("docs/resources").join(file),
        Sort::DataSource => Path::new("docs/data-sources").join(file),
        Sort::Ephemeral => Path::new("docs/ephemeral-resources").join(file),
        Sort::List => Path::new("docs/list-resources").join(file),
        Sort::Action => Path::new("docs/actions").join(file),
        Sort::Function => Path::new("docs/functions").join(file),
    }
}

fn provider(schema: &Schema, examples: &Examples) -> String {
    let title = format!("{} Provider", REPOSITORY.trim_start_matches("terraform-provider-"));
    // The registry puts the provider's own page first, outside the subcategories. It refuses a subcategory in that
    // page.
    let mut parts = vec![front_matter(&title, None, schema.description), format!("# {title}")];
    parts.extend(introduction(schema.description, examples));
    parts.push(section(&schema.attributes));
    page(parts)
}

fn of_type(
    sort: Sort,
    name: &str,
    schema: &Schema,
    identity: Option<&IdentitySchema>,
    examples: &Examples,
) -> String {
    let what = match sort {
        Sort::DataSource => "Data Source",
        Sort::Ephemeral => "Ephemeral Resource",
        Sort::List => "List Resource",
        Sort::Action => "Action",
        Sort::Resource | Sort::Provider | Sort::Function => "Resource",
    };
    let title = format!("{name} {what} - {REPOSITORY}");
    let mut parts = vec![front_matter(&title, Some(""), schema.description), format!("# {name} ({what})")];
    parts.extend(introduction(schema.description, examples));
    parts.push(section(&schema.attributes));
    parts.extend(import(identity, examples));
    page(parts)
}

fn function(name: &str, signature: &Signature, examples: &Examples) -> String {
    let title = format!("{name} function - {REPOSITORY}");
    let mut parts = vec![front_matter(&title, Some(""), signature.summary), format!("# function: {name}")];
    parts.extend(introduction(signature.description, examples));
    let typed = |p: &Parameter, dots: &str| format!("{}{} {}", p.name, dots, p.ty);
    let mut parameters: Vec<_> = signature.parameters.iter().map(|p| typed(p, "")).collect();
    parameters.extend(signature.variadic.iter().map(|p| typed(p, "...")));
    parts.push("## Signature".to_owned());
    parts.push(fenced("text", &format!("{name}({}) {}", parameters.join(", "), signature.result)));
    let mut arguments: Vec<_> = signature.parameters.iter().map(|p| argument(p, "")).collect();
    arguments.extend(signature.variadic.iter().map(|p| argument(p, "Variadic, ")));
    if !arguments.is_empty() {
        parts.push("## Arguments".to_owned());
        parts.push(arguments.join("\n"));
    }
    parts.extend(tables::sections(name));
    page(parts)
}

fn argument(parameter: &Parameter, variadic: &str) -> String {
    let text = prose::indent(&prose::unwrap(parameter.description), "   ");
    format!("1. `{}` ({variadic}{}) {}", parameter.name, type_name(&parameter.ty), text.trim_start())
}

fn front_matter(title: &str, subcategory: Option<&str>, description: &str) -> String {
    let summary = prose::indent(&prose::summary(description), "  ");
    let subcategory = subcategory.map(|name| format!("subcategory: \"{name}\"\n")).unwrap_or_default();
    format!(
        "---\n# Generated from the schema and from examples/ by `{}`.\npage_title: \"{title}\"\n{subcategory}\
         description: |-\n{summary}\n---",
        super::COMMAND
    )
}

/// The part before the schema: the description, the promises and the example.
fn introduction(description: &str, examples: &Examples) -> Vec<String> {
    let mut parts = vec![prose::unwrap(description)];
    parts.extend(examples.notes.clone());
    if let Some(usage) = &examples.usage {
        parts.push("## Example Usage".to_owned());
        parts.push(fenced("terraform", usage));
    }
    parts
}

fn import(identity: Option<&IdentitySchema>, examples: &Examples) -> Vec<String> {
    let mut parts = Vec::new();
    let mut way = |text: String, language, code: &Option<String>| {
        if let Some(code) = code {
            parts.extend([text, fenced(language, code)]);
        }
    };
    let block = |since, attribute| {
        format!(
            "In Terraform {since} and later, the [`import` block]({IMPORT_BLOCK}) can be used with the `{attribute}` \
             attribute, for example:"
        )
    };
    way(block("v1.12.0", "identity"), "terraform", &examples.import_identity);
    way(block("v1.5.0", "id"), "terraform", &examples.import_block);
    let command = format!("The [`terraform import` command]({IMPORT_COMMAND}) can be used, for example:");
    way(command, "shell", &examples.import_command);
    if let Some(identity) = identity {
        parts.push(identity_section(identity));
    }
    if !parts.is_empty() {
        parts.insert(0, "## Import".to_owned());
    }
    parts
}

fn identity_section(identity: &IdentitySchema) -> String {
    let mut out = String::from("### Identity Schema\n");
    for (title, required) in [("Required", true), ("Optional", false)] {
        let mut members: Vec<_> =
            identity.attributes.iter().filter(|a| a.required_for_import == required).collect();
        members.sort_by_key(|a| a.name);
        if !members.is_empty() {
            out += &format!("\n#### {title}\n\n");
        }
        for a in members {
            out += &format!("- `{}` ({}) {}\n", a.name, type_name(&a.ty), prose::unwrap(a.description));
        }
    }
    out
}

fn fenced(language: &str, code: &str) -> String {
    format!("```{language}\n{code}\n```")
}

fn page(parts: Vec<String>) -> String {
    let mut text = parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}
