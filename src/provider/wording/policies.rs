//! Policies: what is wrong with them, and what the API granted instead.

use super::api;
use super::faults::{sentence, way_out};
use crate::cloudflare::Error;
use crate::policy::{Catalog, GroupId, Problem, Severity};
use crate::provider::blocks::POLICIES;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path};
use crate::tokens::{Concern, TokenPolicies};

/// A problem of a policy, at the attribute that holds the policies.
pub(crate) fn problem(problem: &Problem, at: Path) -> Diagnostic {
    let detail = format!("{}\n\n{}", sentence(&problem.fault), way_out(&problem.fault));
    let diagnostic = match problem.severity() {
        Severity::Error => Diagnostic::error("Invalid policy", detail),
        Severity::Warning => Diagnostic::warning("A policy needs attention", detail),
    };
    diagnostic.at(at)
}

/// A policy names a Worker that does not exist at plan. Something may create it before the token.
pub(crate) fn no_worker_yet(problem: &Problem, at: Path) -> Diagnostic {
    let detail = format!(
        "{} The apply fails unless the Worker exists by then.\n\n{}",
        sentence(&problem.fault),
        way_out(&problem.fault)
    );
    Diagnostic::warning("A Worker does not exist yet", detail).at(at)
}

/// The Workers could not be listed, and a policy has names of Workers.
pub(crate) fn workers_unlisted(error: &Error) -> Diagnostic {
    let mut diagnostic = api("Could not list the account's Workers", error);
    diagnostic.detail.push_str(
        "\n\nA policy names Workers, and the provider needs their tags. Give the provider's credential the permission group \
         \"Workers Scripts Read\". Or write the tags in `resources`.",
    );
    diagnostic
}

/// The permission groups could not be listed.
pub(crate) fn groups_unlisted(error: &Error) -> Diagnostic {
    api("Could not list the permission groups", error)
}

/// A text in `permission_groups` may be a credential, so the diagnostic does not quote it.
pub(crate) fn secret_as_group() -> Diagnostic {
    let detail = "A value in `permission_groups` (hidden, since it may be a secret) is neither the name of a permission group nor \
                  an id of 32 hexadecimal digits. Write a name or an id.";
    Diagnostic::error("No such permission group", detail).at(Path::of(POLICIES))
}

/// A search asks for a permission group that does not exist.
pub(crate) fn no_such_group(name: &str, nearest: &[String]) -> Diagnostic {
    let meant = match nearest {
        [] => String::new(),
        nearest => format!(" Did you mean {}?", super::quoted(nearest)),
    };
    let detail = format!(
        "No permission group is called \"{name}\". Upper and lower case count. The search finds only tokens that still have a \
         group of this name.{meant} The data source cloudflare_api_token_permission_groups lists all names."
    );
    Diagnostic::warning("No such permission group", detail)
}

/// A data source asks for the permission groups of a scope that no group has.
pub(crate) fn no_such_scope(scope: &str, known: &[String]) -> Diagnostic {
    let detail = format!("Write one of the scopes that permission groups have: {}.", super::quoted(known));
    Diagnostic::error(format!("No permission group applies to \"{scope}\""), detail)
}

/// A difference between what was requested and what the token has, although the API answered success. `catalog` gives the
/// names of permission groups, as far as it is known.
pub(crate) fn concern(concern: &Concern, catalog: Option<&Catalog>) -> Diagnostic {
    match concern {
        Concern::NotGranted { missing, granted, .. } => {
            let name = |id: &GroupId| match catalog.and_then(|catalog| catalog.get(id)) {
                Some(group) => format!("\"{}\" ({id})", group.name),
                None => id.to_string(),
            };
            let groups: Vec<_> = missing.iter().map(name).collect();
            let what = match granted {
                Some(_) => format!("Cloudflare left out permission groups: {}.", groups.join(", ")),
                None => {
                    format!(
                        "Cloudflare left out a whole policy, with the permission groups {}.",
                        groups.join(", ")
                    )
                }
            };
            let detail = format!(
                "Cloudflare answered success, but the token does not have everything that was requested. {what}\n\nThis happens \
                 where the provider's credential does not have these rights itself, or where Cloudflare has retired a permission \
                 group. Give the provider's credential the same rights, or remove the groups from `policies`."
            );
            Diagnostic::error("The token was granted less than was requested", detail).at(Path::of(POLICIES))
        }
        Concern::NotAsked { granted } => {
            let groups: Vec<_> = granted.groups().iter().map(ToString::to_string).collect();
            let detail = format!(
                "Cloudflare answered success, but the token has a policy that was not requested: {} of the permission groups \
                 {}.\n\nDo not use the token. Apply again: Terraform then replaces it.",
                granted.effect(),
                groups.join(", ")
            );
            Diagnostic::error("The token was granted more than was requested", detail).at(Path::of(POLICIES))
        }
        Concern::Withheld { asked, deny } => {
            let shared: Vec<_> =
                asked.groups().intersection(deny.groups()).map(ToString::to_string).collect();
            let detail = format!(
                "The policy was added. But another policy of the token denies the permission groups {} on the same resource, and \
                 a deny takes precedence, so these rights do not work.\n\nThe token's data source lists all of its policies. \
                 Find out whether the deny is still needed, and remove it if not.",
                shared.join(", ")
            );
            Diagnostic::warning("Another policy denies what was granted", detail).at(Path::of(POLICIES))
        }
        Concern::NotApplied(field) => {
            let detail = format!(
                "Cloudflare answered success, but `{field}` does not have the value that was requested. The API may be unable to \
                 clear it. Set another value, or replace the token (`terraform apply -replace=…`)."
            );
            Diagnostic::error(format!("`{field}` was not applied"), detail).at(Path::of(&field.to_string()))
        }
        Concern::NotWatched => Diagnostic::warning(
            "A removal was not watched to the end",
            "The policies were removed. The run was then stopped before the end of `concurrent_writers_window`, so a write from \
             another host may bring them back. Run `terraform plan` later to check.",
        ),
    }
}

/// All differences of one write. Permission groups appear as ids.
pub(crate) fn concerns(all: &[Concern]) -> Diagnostics {
    Diagnostics(all.iter().map(|one| concern(one, None)).collect())
}

fn unreadable(seen: &TokenPolicies) -> String {
    let faults: Vec<_> = seen.unreadable.iter().map(|(_, fault)| format!("- {fault}")).collect();
    faults.join("\n")
}

/// An exclusive token has policies that the provider cannot read.
pub(crate) fn unreadable_policies(seen: &TokenPolicies) -> Diagnostic {
    let detail = format!(
        "The provider cannot read these policies, so `policies` does not show them. The token's policies are managed exclusively: \
         the next change of the token removes them.\n{}",
        unreadable(seen)
    );
    Diagnostic::warning("The token has policies of an unknown form", detail).at(Path::of(POLICIES))
}

/// A data source reads a token that has policies of an unknown form. `None` if it has no such policy.
pub(crate) fn not_shown(seen: &TokenPolicies) -> Option<Diagnostic> {
    let detail = format!(
        "The provider cannot read these policies, so `policies` does not show them. A newer version of the provider may be able \
         to.\n{}",
        unreadable(seen)
    );
    let warning = Diagnostic::warning("The token has policies of an unknown form", detail);
    (!seen.unreadable.is_empty()).then_some(warning)
}
