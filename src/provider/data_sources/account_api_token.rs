//! `cloudflare_account_api_token`, the data source: one token, as it is.

use std::sync::Arc;

use async_trait::async_trait;

use crate::cloudflare::{Condition, Owner, RequestIp, Token};
use crate::model;
use crate::policy::describe;
use crate::provider::blocks::{PolicyBlock, timestamp};
use crate::provider::session::Session;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{
    DataSource, Diagnostic, Diagnostics, Map, Path, Set, Value, computed, optional,
};
use crate::tokens::{TokenPolicies, TokenService, home};

model! {
    /// An API token that an account owns, found by its id or by its name, whoever made it. Everything but its value, which
    /// the API tells to nobody after it has made the token.
    pub(crate) struct AccountApiTokenData {
        /// The token's id. Either this or `name` is required.
        id: String = optional().or_computed().check(checks::id("a token")).conflicts_with(&["name"]),
        /// The token's name. Names need not be unique: where several tokens have this one, an error lists their ids.
        name: String = optional().or_computed().check(checks::not_blank()),
        /// The account that owns the token. Default: the provider's.
        account_id: String = optional().or_computed().check(checks::id("an account")),
        /// `active`, `disabled`, `expired`, `revoked (exposed)`, or what else the API says.
        status: String = computed(),
        /// What the token may do.
        policies: Set<PolicyView> = computed(),
        /// From where it may be used.
        condition: ConditionView = computed(),
        /// When it begins to work.
        not_before: String = computed(),
        /// When it stops working.
        expires_on: String = computed(),
        /// When it was made.
        issued_on: String = computed(),
        /// When it was last changed or rolled.
        modified_on: String = computed(),
        /// When it was last used; null where it never was. It changes by itself, which is why the resource does not have it.
        last_used_on: String = computed(),
    }
}

model! {
    /// Rights that go together: permission groups, and what they apply to.
    pub(crate) struct PolicyView {
        /// What identifies the policy, whatever order and ids the API chooses: what the import of a
        /// `cloudflare_token_binding` takes.
        fingerprint: String = computed(),
        /// `allow` or `deny`.
        effect: String = computed(),
        /// Permission groups by name, or by id where the name could mean another one.
        permission_groups: Set<String> = computed(),
        /// The ids of the zones that zone-scoped groups apply to, or `["*"]`; null for others.
        zones: Set<String> = computed(),
        /// The R2 buckets that bucket-scoped groups apply to, each `jurisdiction/bucket`, or `["*"]`; null for others.
        r2_buckets: Set<String> = computed(),
        /// What the groups apply to in the API's own keys, where none of the other forms says it. Null, as the two above,
        /// where it is the token's own account.
        resources: Map<String> = computed(),
    }
}

model! {
    /// From where the token may be used.
    pub(crate) struct ConditionView {
        /// By the address that a request comes from.
        request_ip: RequestIpView = computed(),
    }
}

model! {
    /// Addresses and CIDR ranges.
    pub(crate) struct RequestIpView {
        /// The token works from these only.
        r#in: Set<String> = computed(),
        /// The token does not work from these.
        not_in: Set<String> = computed(),
    }
}

/// The data source.
pub(crate) struct AccountApiToken {
    pub(crate) session: Session,
}

#[async_trait]
impl DataSource for AccountApiToken {
    type Model = AccountApiTokenData;

    const TYPE_NAME: &'static str = "cloudflare_account_api_token";

    async fn validate(&self, config: AccountApiTokenData) -> Diagnostics {
        if config.id.is_null() && config.name.is_null() {
            let detail = "Set `id` or `name`: which token is it?";
            return Diagnostic::error("No token is named", detail).at(Path::of("id")).into();
        }
        Diagnostics::none()
    }

    async fn read(&self, config: AccountApiTokenData) -> (Option<AccountApiTokenData>, Diagnostics) {
        let found = async {
            let (tokens, owner) = self.session.reach(&self.session.account_id(&config.account_id))?;
            let token = find(&tokens, &owner, &config).await?;
            Ok::<_, Diagnostic>((tokens, owner, token))
        };
        match found.await {
            Ok((tokens, owner, token)) => {
                let (shown, diagnostics) = shown(&tokens, &owner, &token).await;
                (Some(shown), diagnostics)
            }
            Err(diagnostic) => (None, diagnostic.into()),
        }
    }
}

/// The token that the configuration names.
async fn find(
    tokens: &TokenService,
    owner: &Owner,
    config: &AccountApiTokenData,
) -> Result<Arc<Token>, Diagnostic> {
    if let Some(id) = config.id.as_str() {
        let token = tokens.get(owner, id).await;
        let token = token.map_err(|e| wording::api(&format!("Could not read the API token {id}"), &e))?;
        return token.ok_or_else(|| {
            let detail = "The account has no token of this id: it was deleted, or it is another account's or a user's.";
            Diagnostic::error(format!("There is no API token {id}"), detail).at(Path::of("id"))
        });
    }
    let name = config.name.as_str().unwrap_or_default();
    let all = tokens.list(owner).await;
    let all = all.map_err(|e| wording::api("Could not list the account's API tokens", &e))?;
    let named: Vec<_> = all.tokens.into_iter().filter(|token| token.name == name).collect();
    match named.as_slice() {
        [token] => Ok(token.clone()),
        [] => {
            let mut detail =
                "The account has no token of this name, upper and lower case as written, or the provider's \
                              credential may not list it."
                    .to_owned();
            if let Some(unread) = wording::unreadable_tokens(&all.unreadable) {
                detail.push_str("\n\n");
                detail.push_str(&unread.detail);
            }
            Err(Diagnostic::error(format!("There is no API token \"{name}\""), detail).at(Path::of("name")))
        }
        several => {
            let line = |token: &Arc<Token>| {
                let issued = timestamp(&Value::Null, token.issued_on);
                let issued = issued.as_str().unwrap_or("at an unknown time").to_owned();
                format!("- {} ({}, issued {issued})", token.id, token.status)
            };
            let ids: Vec<_> = several.iter().map(line).collect();
            let detail = format!("Write the `id` of the one that is meant:\n{}", ids.join("\n"));
            let summary = format!("{} API tokens are called \"{name}\"", several.len());
            Err(Diagnostic::error(summary, detail).at(Path::of("name")))
        }
    }
}

async fn shown(tokens: &TokenService, owner: &Owner, token: &Token) -> (AccountApiTokenData, Diagnostics) {
    let seen = TokenPolicies::of(token, owner);
    let home = home(owner);
    // The answer has names too; the catalog tells those that could mean two groups. A credential that may read tokens
    // and not the catalog is no reason to fail.
    let catalog = tokens.catalog(owner).await.ok();
    let policies = seen.policies.iter().map(|(fingerprint, policy)| {
        let spec = describe(policy, &home, catalog.as_deref(), &seen.names);
        let PolicyBlock { effect, permission_groups, zones, r2_buckets, resources } =
            PolicyBlock::from(&spec);
        let fingerprint = fingerprint.to_string().into();
        PolicyView { fingerprint, effect, permission_groups, zones, r2_buckets, resources }
    });
    let account = match owner {
        Owner::Account(id) => Some(id.clone()),
        Owner::User => None,
    };
    let time = |at| timestamp(&Value::Null, at);
    let data = AccountApiTokenData {
        id: token.id.clone().into(),
        name: token.name.clone().into(),
        account_id: account.into(),
        status: token.status.clone().into(),
        policies: Value::Known(policies.collect()),
        condition: token.condition.as_ref().and_then(condition).into(),
        not_before: time(token.not_before),
        expires_on: time(token.expires_on),
        issued_on: time(token.issued_on),
        modified_on: time(token.modified_on),
        last_used_on: time(token.last_used_on),
    };
    let unreadable = seen.unreadable.iter().map(|(_, fault)| format!("- {fault}")).collect::<Vec<_>>();
    if unreadable.is_empty() {
        return (data, Diagnostics::none());
    }
    let detail = format!("They are not in `policies`:\n{}", unreadable.join("\n"));
    let warning = Diagnostic::warning("The token has policies of an unknown form", detail);
    (data, warning.at(Path::of("policies")).into())
}

fn condition(condition: &Condition) -> Option<ConditionView> {
    let RequestIp { allowed, denied, .. } = condition.request_ip.clone()?;
    let side = |list: Option<Vec<String>>| list.map(Set::from_iter).into();
    let request_ip = RequestIpView { r#in: side(allowed), not_in: side(denied) };
    Some(ConditionView { request_ip: request_ip.into() })
}
