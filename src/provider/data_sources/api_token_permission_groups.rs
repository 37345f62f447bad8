//! The data source `cloudflare_api_token_permission_groups`: the rights that tokens can have.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::model;
use crate::path;
use crate::policy::{Catalog, PermissionGroup, Scope};
use crate::provider::owner::{Account, Ownership, User};
use crate::provider::session::Session;
use crate::provider::{checks, policies, wording};
use crate::tf_provider::framework::{
    DataSource, Diagnostic, Diagnostics, List, Map, Set, Value, computed, optional,
};

model! {
    /// The permission groups that API tokens can have. Policies take their names, so you need this only to look for a name
    /// or for ids. Roles of members have groups with the same names but other ids, which do not work in tokens.
    pub(crate) struct PermissionGroupsData {
        ..account: Account,
        /// Only groups with exactly this name. Each scope can have one.
        name: String = optional().check(checks::not_blank()),
        /// Only groups that apply to `account`, `zone`, `r2_bucket`, `worker_script` or `user`. The API's own word, such as
        /// `com.cloudflare.api.account.zone`, works too. Groups of the scope `user` are for user-owned tokens, and only a
        /// user's credential can list them. They are listed only with this filter, and need no account.
        scope: String = optional().check(checks::not_blank()),
        /// The groups, sorted by name and then by id.
        permission_groups: List<GroupView> = computed(),
        /// Ids by scope and name: `ids.zone["DNS Write"]`. Scopes are written as in the filter. Scopes without a word of
        /// their own have the API's word. A name with two groups in one scope is left out.
        ids: Map<Map<String>> = computed(),
    }
}

model! {
    /// A permission group.
    pub(crate) struct GroupView {
        /// Its id.
        id: String = computed(),
        /// Its name, which is unique only within a scope.
        name: String = computed(),
        /// The scopes that it can apply to, in the API's words.
        scopes: Set<String> = computed(),
        /// What it allows, in the API's words. Null if the API does not say.
        description: String = computed(),
        /// The category in the dashboard. Null if the API does not say.
        category: String = computed(),
        /// Whether the provider's credential can grant it, according to the API. Null if the API does not say.
        is_selectable: bool = computed(),
    }
}

/// The data source.
pub(crate) struct PermissionGroups {
    pub(crate) session: Session,
}

#[async_trait]
impl DataSource for PermissionGroups {
    type Model = PermissionGroupsData;

    const TYPE_NAME: &'static str = "cloudflare_api_token_permission_groups";

    async fn read(&self, config: PermissionGroupsData) -> (Option<PermissionGroupsData>, Diagnostics) {
        let account = config.account.clone().or_of_provider(&self.session.account_id());
        let scope = config.scope.as_str().map(read_scope);
        let selected = async {
            let (tokens, owner) = match &scope {
                Some(Scope::User) => self.session.reach(&User {})?,
                _ => self.session.reach(&account)?,
            };
            let catalog = policies::catalog(&tokens, &owner).await?;
            select(&catalog, config.name.as_str(), scope.as_ref())
        };
        match selected.await {
            Ok(groups) => {
                let ids = ids(&groups);
                let permission_groups = Value::Known(groups.iter().map(view).collect());
                (
                    Some(PermissionGroupsData { account, permission_groups, ids, ..config }),
                    Diagnostics::none(),
                )
            }
            Err(diagnostic) => (None, diagnostic.into()),
        }
    }
}

const WORDS: [(&str, Scope); 5] = [
    ("account", Scope::Account),
    ("zone", Scope::Zone),
    ("r2_bucket", Scope::R2Bucket),
    ("worker_script", Scope::WorkerScript),
    ("user", Scope::User),
];

fn read_scope(text: &str) -> Scope {
    let word = WORDS.into_iter().find(|(word, _)| *word == text);
    word.map_or_else(|| Scope::from(text), |(_, scope)| scope)
}

fn word(scope: &Scope) -> &str {
    WORDS.iter().find(|(_, known)| known == scope).map_or(scope.as_str(), |(word, _)| word)
}

/// The groups that match the filters, in their order. A scope that no group has is an error: it is probably misspelt, and
/// an empty list would silently grant nothing.
fn select(
    catalog: &Catalog,
    name: Option<&str>,
    scope: Option<&Scope>,
) -> Result<Vec<PermissionGroup>, Diagnostic> {
    let scopes: BTreeSet<&Scope> = catalog.iter().flat_map(|group| &group.scopes).collect();
    if let Some(scope) = scope.filter(|scope| !scopes.contains(scope)) {
        let known: Vec<_> = scopes.iter().map(|scope| word(scope).to_owned()).collect();
        let wrong = wording::no_such_scope(word(scope), &known);
        return Err(wrong.at(path!(PermissionGroupsData.scope)));
    }
    let wanted = |group: &&PermissionGroup| {
        name.is_none_or(|name| group.name == name) && scope.is_none_or(|scope| group.scopes.contains(scope))
    };
    let mut groups: Vec<_> = catalog.iter().filter(wanted).cloned().collect();
    groups.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(groups)
}

fn ids(groups: &[PermissionGroup]) -> Value<Map<Map<String>>> {
    let mut found: BTreeMap<&str, BTreeMap<&str, Vec<&PermissionGroup>>> = BTreeMap::new();
    for group in groups {
        for scope in &group.scopes {
            found.entry(word(scope)).or_default().entry(&group.name).or_default().push(group);
        }
    }
    let only = |(name, groups): (&str, Vec<&PermissionGroup>)| match groups[..] {
        [group] => Some((name.to_owned(), group.id.to_string())),
        _ => None,
    };
    let of_scope = |(scope, names): (&str, BTreeMap<_, _>)| {
        (scope.to_owned(), names.into_iter().filter_map(only).collect::<Map<String>>())
    };
    Value::Known(found.into_iter().map(of_scope).collect())
}

fn view(group: &PermissionGroup) -> GroupView {
    GroupView {
        id: group.id.to_string().into(),
        name: group.name.clone().into(),
        scopes: Value::Known(group.scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
        description: group.description.clone().into(),
        category: group.category.clone().into(),
        is_selectable: group.selectable.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tf_provider::framework::Element;

    fn catalog() -> Catalog {
        let group = |digit: &str, name: &str, scopes: &[&str]| {
            let scopes = scopes.iter().map(|&scope| Scope::from(scope)).collect();
            PermissionGroup::new(digit.repeat(32).parse().unwrap(), name, scopes)
        };
        Catalog::new(vec![
            group("1", "Logs Write", &[Scope::Zone.as_str()]),
            group("2", "Logs Write", &[Scope::Account.as_str()]),
            group("3", "Twice", &[Scope::Zone.as_str()]),
            group("4", "Twice", &[Scope::Zone.as_str()]),
            group("5", "New", &["com.example.new"]),
        ])
    }

    #[test]
    fn one_name_has_an_id_in_each_scope_and_a_doubtful_one_none() {
        let groups = select(&catalog(), None, None).unwrap();
        let Value::Known(ids) = ids(&groups) else { panic!("no ids") };
        let id = |scope: &str, name: &str| {
            let names = ids.0.get(scope).and_then(Element::known)?;
            names.0.get(name).and_then(Element::known).cloned()
        };
        assert_eq!(id("zone", "Logs Write"), Some("1".repeat(32)));
        assert_eq!(id("account", "Logs Write"), Some("2".repeat(32)));
        assert_eq!(id("zone", "Twice"), None);
        assert_eq!(id("com.example.new", "New"), Some("5".repeat(32)));
    }

    #[test]
    fn a_scope_is_taken_in_either_word_and_a_mistyped_one_is_refused() {
        for text in ["zone", "com.cloudflare.api.account.zone"] {
            assert_eq!(select(&catalog(), None, Some(&read_scope(text))).unwrap().len(), 3);
        }
        let refused = select(&catalog(), None, Some(&read_scope("zones"))).unwrap_err();
        assert!(refused.detail.contains("\"account\", \"zone\""), "{}", refused.detail);
    }
}
