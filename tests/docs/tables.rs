//! The tables on the pages of functions. Each row comes from `data/`.

use cloudflare_tokens::capabilities::named::{self, Capability, Groups};
use cloudflare_tokens::capabilities::terraform::{self, Basis, ResourceType};
use cloudflare_tokens::capabilities::{Kind, terraform::Scope};

/// The sections of a function's page that come from data. Most functions have none.
pub fn sections(function: &str) -> Vec<String> {
    match function {
        "capability" => capabilities(),
        "terraform_policies" => resource_types(),
        _ => Vec::new(),
    }
}

fn capabilities() -> Vec<String> {
    let mut sections = vec![
        "## Capabilities".to_owned(),
        "Where a capability has several alternatives, the targets that are given choose one.".to_owned(),
    ];
    for (name, capability) in named::all() {
        sections.push(format!("### `{name}`"));
        sections.push(entry(capability));
    }
    sections
}

fn entry(capability: &Capability) -> String {
    let mut text = format!("{} ([source]({})).", capability.title, capability.source);
    if let Some(note) = &capability.note {
        text += &format!(" {note}");
    }
    let several = capability.grants.len() > 1;
    for groups in &capability.grants {
        if several {
            text += &format!("\n\n{}:", title(groups));
        }
        text += "\n\n| On | Permission group | Why |\n|---|---|---|";
        for (kind, groups) in groups {
            for (group, why) in groups {
                text += &format!("\n| {} | {group} | {why} |", on(*kind));
            }
        }
    }
    text
}

/// The condition that selects an alternative.
fn title(groups: &Groups) -> String {
    let named: Vec<_> = groups.keys().filter(|kind| **kind != Kind::Account).map(|kind| on(*kind)).collect();
    if named.is_empty() { "Without targets".to_owned() } else { format!("With {}", named.join(" and ")) }
}

fn on(kind: Kind) -> String {
    match kind {
        Kind::Account => "the account".to_owned(),
        named => format!("`{}`", named.as_str()),
    }
}

const BASIS: &str = "The basis of a row:\n\n\
    - *published*: Cloudflare's documentation of the resource names one family of groups.\n\
    - *narrowed*: it names several alternatives; this is the one that the resource is about.\n\
    - *renamed*: it has another name there than in the API.\n\
    - *sibling*: it is not published; a resource or data source of the same API has it.\n\
    - *unpublished*: it is not known. The function refuses the type.\n\
    - *own*: it is what this provider asks the API for.";

const READING: &str = "Where no group for plans is published, the function refuses the type with `read`, and returns the \
    group for applies with `write`. A row on *account or zones* follows the targets: with `zones` it is granted on them, \
    else on the account. A row on *user* needs a token that a user owns: the function refuses it. A data source takes the \
    row of the resource of its name, and its group for plans; one that lists them has the plural of that name.";

fn resource_types() -> Vec<String> {
    vec![
        "## Resource Types of the Official Provider".to_owned(),
        format!("{BASIS}\n\n{READING}"),
        table(terraform::official().iter()),
        "## Resource Types and Data Sources of This Provider".to_owned(),
        table(terraform::own().iter()),
    ]
}

fn table<'a>(rows: impl Iterator<Item = (&'a String, &'a ResourceType)>) -> String {
    let cell = |group: &Option<String>| group.clone().unwrap_or_else(|| "not published".to_owned());
    let row = |(name, of): (&String, &ResourceType)| {
        // A data source of this provider never writes, so its cell stays empty.
        let write =
            if of.basis == Basis::Own && of.write.is_none() { String::new() } else { cell(&of.write) };
        format!("\n| `{name}` | {} | {write} | {} | {} |", cell(&of.read), granted_on(of), basis(of.basis))
    };
    let head = "| Type | Plan | Apply, as well | On | Basis |\n|---|---|---|---|---|".to_owned();
    head + &rows.map(row).collect::<String>()
}

fn granted_on(of: &ResourceType) -> &'static str {
    match (of.on(false), of.on(true)) {
        (Some(Kind::Account), Some(Kind::Zones)) => "account or zones",
        (Some(Kind::Zones), _) => "zones",
        (Some(_), _) => "account",
        (None, _) if of.scopes.contains(&Scope::User) => "user",
        (None, _) => "",
    }
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Published => "published",
        Basis::Narrowed => "narrowed",
        Basis::Renamed => "renamed",
        Basis::Sibling => "sibling",
        Basis::Unpublished => "unpublished",
        Basis::Own => "own",
    }
}
