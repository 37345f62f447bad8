//! Sentences about what is wrong with a policy, and what to do about it.

use std::collections::BTreeMap;

use crate::policy::{BadKey, Fault, Scope};

/// What is wrong, in a sentence.
pub(super) fn sentence(fault: &Fault) -> String {
    match fault {
        Fault::UnknownName { name, .. } => format!("There is no permission group \"{name}\"."),
        Fault::UnknownId { id } => format!("There is no permission group with the id {id}."),
        Fault::BrokenId { text } => {
            format!("\"{text}\" looks like an id, but an id has 32 hexadecimal digits in lower case.")
        }
        Fault::WrongScope { group, has, target } => format!(
            "\"{group}\" is {} permission group, but this policy applies to {}.",
            scoped(has),
            things(target)
        ),
        Fault::NoTarget { group, scopes, .. } if scopes.contains(&Scope::Account) => {
            let kinds: Vec<_> = scopes.iter().map(things).collect();
            format!(
                "\"{group}\" exists for {}, and the policy does not say which it applies to.",
                kinds.join(" and for ")
            )
        }
        Fault::NoTarget { group, scopes, .. } => format!(
            "\"{group}\" is {} permission group, and the policy does not say what it applies to.",
            scoped(scopes)
        ),
        Fault::WholeAccount { group, scope } => format!(
            "\"{group}\" is {} permission group, and this policy applies it to an account. It covers all {} of the account, \
             including those that are created later.",
            scoped(std::slice::from_ref(scope)),
            things(scope)
        ),
        Fault::MixedGroups { by_scope } => {
            format!("The permission groups of this policy have several scopes: {}.", listed(by_scope))
        }
        Fault::MixedResources { by_scope } => {
            format!("The resources of this policy have several scopes: {}.", listed(by_scope))
        }
        Fault::Ambiguous { name, .. } => format!(
            "Several permission groups are called \"{name}\", and the resources do not show which one you mean."
        ),
        Fault::SameGroup { group, other } => {
            format!("\"{group}\" and \"{other}\" are the same permission group.")
        }
        Fault::NotSelectable { group } => format!(
            "The API says that the provider's credential cannot grant the permission group \"{group}\"."
        ),
        Fault::ForUsersOnly { name } => {
            format!("The permission group \"{name}\" exists for user-owned tokens only.")
        }
        Fault::Deprecated { group } => format!("Cloudflare is retiring the permission group \"{group}\"."),
        Fault::NoGroups => "The policy has no permission group.".to_owned(),
        Fault::NothingSelected => "The policy applies to nothing.".to_owned(),
        Fault::BadZone { zone } => {
            format!("\"{zone}\" is not the id of a zone. An id has 32 hexadecimal digits in lower case.")
        }
        Fault::BadBucket { bucket } => {
            format!("\"{bucket}\" is not a bucket with its jurisdiction, such as \"default/photos\".")
        }
        Fault::NoWorker { name, .. } => format!("The account has no Worker \"{name}\"."),
        Fault::WorkersOfUser => "A token of a user cannot be limited to Workers.".to_owned(),
        Fault::BadResource { key } => {
            format!("The value at \"{key}\" is neither \"*\" nor a JSON object of such values.")
        }
        Fault::BadKey { key, fault } => format!("\"{key}\" {fault}."),
        Fault::UnknownKind { key } => format!(
            "The provider does not know this kind of resource key: \"{key}\". It sends the key to the API unchanged."
        ),
        Fault::TooManyGroups { count } => {
            format!("The policy has {count} permission groups, and the API takes at most 300 in one policy.")
        }
        Fault::NoAccount => {
            "The token belongs to a user, so the policy has no account that it could apply to.".to_owned()
        }
        Fault::Duplicate => "Another policy of this set means the same.".to_owned(),
        Fault::Reserved => {
            "The provider uses this policy itself, for tokens that have no other policy.".to_owned()
        }
    }
}

/// What to do about it.
pub(super) fn way_out(fault: &Fault) -> String {
    match fault {
        Fault::UnknownName { name, nearest } => unknown_name(name, nearest),
        Fault::UnknownId { .. } => {
            "Write the group's name. Or take the id from the API's list of permission groups for tokens: the list of groups \
             for members' roles (`/iam/permission_groups`) has other ids."
                .into()
        }
        Fault::BrokenId { .. } => "Write the whole id in lower case, or the group's name.".into(),
        Fault::WrongScope { has, .. } => wrong_scope(has),
        Fault::NoTarget { scopes, account, .. } => no_target(scopes, account.as_deref()),
        Fault::WholeAccount { scope, .. } => {
            format!("To cover only some of them, write {} instead.", selection(scope))
        }
        Fault::MixedGroups { .. } => "Write one policy per scope.".into(),
        Fault::MixedResources { .. } => {
            "Write one policy per scope, each with the permission groups of that scope.".into()
        }
        Fault::Ambiguous { ids, .. } => {
            let ids: Vec<_> = ids.iter().map(|(id, scopes)| format!("{id} ({})", join(scopes))).collect();
            format!("Write the id of one of them: {}.", ids.join(", "))
        }
        Fault::SameGroup { .. } => "Remove one of them.".into(),
        Fault::NotSelectable { .. } => {
            "If the API refuses the apply, give the provider's credential this permission group, or use another credential."
                .into()
        }
        Fault::ForUsersOnly { .. } => {
            "Remove it. To act for a user, make a token that the user owns (`cloudflare_user_api_token`).".into()
        }
        Fault::Deprecated { .. } => "Change to the group that replaces it while both work.".into(),
        Fault::NoGroups => "Write at least one in `permission_groups`.".into(),
        Fault::NothingSelected => {
            "Write what it applies to, write [\"*\"] for everything, or remove the policy.".into()
        }
        Fault::BadZone { zone } if zone == "*" => "For all zones write zones = [\"*\"].".into(),
        Fault::BadZone { zone } if zone.contains('.') => {
            "Write the zone's id and not its name. The cloudflare_zone data source has the id.".into()
        }
        Fault::BadZone { .. } => "Write the zone's id, or zones = [\"*\"] for all zones.".into(),
        Fault::BadBucket { bucket } if bucket == "*" => "For all buckets write r2_buckets = [\"*\"].".into(),
        Fault::BadBucket { bucket } if !bucket.contains('/') => {
            format!(
                "Write \"default/{bucket}\". If the bucket has another jurisdiction, write that in place of \"default\"."
            )
        }
        Fault::BadBucket { .. } => {
            "A bucket's name has 3 to 63 lower-case letters, digits and hyphens.".into()
        }
        Fault::NoWorker { nearest, .. } => match nearest.first() {
            Some(name) => format!("Did you mean \"{name}\"? A Worker must exist before a policy can name it."),
            None => "A Worker must exist before a policy can name it. If this configuration makes the Worker, add `depends_on` \
                     with it to the token."
                .into(),
        },
        Fault::WorkersOfUser => "Use a token that an account owns (`cloudflare_account_api_token`).".into(),
        Fault::BadResource { .. } => {
            "Write \"*\". For a nested resource, write jsonencode of an object of strings.".into()
        }
        Fault::BadKey { fault: BadKey::BelowAccount, .. } => {
            "For all zones of the token's account write zones = [\"*\"]. For one zone, write its id in zones.".into()
        }
        Fault::BadKey { .. } => {
            "Complete the key. A null or an empty value may have been inserted into it.".into()
        }
        Fault::UnknownKind { .. } => {
            "Compare its spelling with Cloudflare's documentation of token policies.".into()
        }
        Fault::TooManyGroups { .. } => {
            "Split it into two policies that apply to the same resources, each with some of the groups.".into()
        }
        Fault::NoAccount => "Write in `resources` what the policy applies to.".into(),
        Fault::Duplicate => "Remove one of them.".into(),
        Fault::Reserved => "Remove it.".into(),
    }
}

/// The names that the user may mean, or where the names are listed.
fn unknown_name(name: &str, nearest: &[String]) -> String {
    const LIST: &str = "The data source cloudflare_api_token_permission_groups lists all names.";
    let quoted: Vec<_> = nearest.iter().map(|name| format!("\"{name}\"")).collect();
    let meant = match quoted.as_slice() {
        [] => return format!("{LIST} Some names differ from those in the dashboard."),
        [one] => format!("Did you mean {one}?"),
        [rest @ .., last] => format!("Did you mean {} or {last}?", rest.join(", ")),
    };
    let edit = name.trim().to_lowercase().ends_with("edit");
    let edit = if edit { " What the dashboard calls Edit is Write here." } else { "" };
    format!("{meant}{edit} {LIST}")
}

/// How to name the things within the account, or the account itself.
fn no_target(scopes: &[Scope], account: Option<&str>) -> String {
    let within: Vec<_> = scopes.iter().filter(|scope| scope.is_within_account()).collect();
    let all: Vec<_> =
        within.iter().map(|scope| format!("{} for all {}", star(scope), things(scope))).collect();
    let some: Vec<_> = within.iter().map(|scope| selection(scope)).collect();
    let id = account.unwrap_or("<account id>");
    let reach = if scopes.contains(&Scope::Account) {
        "for the account".to_owned()
    } else {
        let things: Vec<_> = within.iter().map(|scope| things(scope)).collect();
        format!("for the account, which covers all of its {}", things.join(" and "))
    };
    format!(
        "Write {}, {} for some, or resources = {{ \"com.cloudflare.api.account.{id}\" = \"*\" }} {reach}. If the policy \
         already names something, look for a misspelt attribute or a null: Terraform silently drops an attribute that the \
         object does not have.",
        all.join(", "),
        some.join(", ")
    )
}

/// The attribute that selects everything of a scope.
fn star(scope: &Scope) -> &'static str {
    match scope {
        Scope::Zone => "zones = [\"*\"]",
        Scope::R2Bucket => "r2_buckets = [\"*\"]",
        _ => "workers = [\"*\"]",
    }
}

/// The attribute that selects some things of a scope.
fn selection(scope: &Scope) -> &'static str {
    match scope {
        Scope::Zone => "zones = [\"<zone id>\"]",
        Scope::R2Bucket => "r2_buckets = [\"<jurisdiction>/<bucket>\"]",
        _ => "workers = [\"<Worker>\"]",
    }
}

fn wrong_scope(has: &[Scope]) -> String {
    match has {
        [Scope::Account] => {
            "Remove `zones`, `r2_buckets`, `workers` and `resources`: the policy then applies to the token's account.".into()
        }
        [Scope::Zone] => "Write the zones: zones = [\"<zone id>\"], or [\"*\"] for all.".into(),
        [Scope::R2Bucket] => {
            "Write the buckets: r2_buckets = [\"<jurisdiction>/<bucket>\"], or [\"*\"] for all.".into()
        }
        [Scope::User] => {
            "Write the user: resources = { \"com.cloudflare.api.user.<user id>\" = \"*\" }. Only a token of a user can have \
             this permission group."
                .into()
        }
        [Scope::WorkerScript] => "Write the Workers: workers = [\"<Worker>\"], or [\"*\"] for all.".into(),
        _ => "Write in `resources` what it applies to.".into(),
    }
}

fn join(scopes: &[Scope]) -> String {
    let words: Vec<_> = scopes.iter().map(Scope::to_string).collect();
    words.join(" or ")
}

fn scoped(scopes: &[Scope]) -> String {
    let words = join(scopes);
    let article = if words.starts_with(['a', 'R']) { "an" } else { "a" };
    format!("{article} {words}-scoped")
}

fn things(scope: &Scope) -> String {
    match scope {
        Scope::Account => "an account".into(),
        Scope::Zone => "zones".into(),
        Scope::User => "a user".into(),
        Scope::R2Bucket => "R2 buckets".into(),
        Scope::WorkerScript => "Workers".into(),
        Scope::Other(text) => text.clone(),
    }
}

fn listed(by_scope: &BTreeMap<Scope, Vec<String>>) -> String {
    let lines: Vec<_> = by_scope
        .iter()
        .map(|(scope, members)| {
            let quoted: Vec<_> = members.iter().map(|member| format!("\"{member}\"")).collect();
            format!("{scope} ({})", quoted.join(", "))
        })
        .collect();
    lines.join("; ")
}
