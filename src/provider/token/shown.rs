//! A token in a data source, for all owners.

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;

use crate::cloudflare::Token;
use crate::model;
use crate::owner::Owner;
use crate::path;
use crate::policy::{Catalog, Fingerprint, PolicySpec, Workers, describe};
use crate::provider::blocks::{ConditionBlock, PolicyBlock, condition_block, timestamp};
use crate::provider::owner::{Owned, Ownership};
use crate::provider::session::Session;
use crate::provider::{checks, grants, policies, wording};
use crate::tf_provider::framework::{
    DataSource, Diagnostic, Diagnostics, Set, Value, View, computed, optional,
};
use crate::tokens::{TokenPolicies, TokenService};

model! {
    /// The attributes that every data source of tokens shows.
    pub(crate) struct Overview {
        /// `active`, `disabled`, `expired`, `revoked (exposed)`, or another status that the API uses.
        status: String = computed(),
        /// When the token was made.
        issued_on: String = computed(),
        /// When the token stops working. Null if it does not expire.
        expires_on: String = computed(),
        /// When the token was last used. Null if it never was. It changes by itself, so the resource does not have it.
        last_used_on: String = computed(),
        /// The policies of the token.
        policies: Set<PolicyView> = computed(),
        /// The rights that the policies grant, one line each, such as `allow "DNS Write" on the zone 0123…`.
        grants: Set<String> = computed(),
        /// Limits where the token can be used from. Null if nothing limits it.
        condition: View<ConditionBlock> = computed(),
    }
}

model! {
    /// A token.
    pub(crate) struct TokenData {
        ..overview: Overview,
        /// The token's id. Either this or `name` is required.
        id: String = optional().or_computed().check(checks::id("a token").passing_mocks()).conflicts_with(&["name"]),
        /// The token's name. Names need not be unique: if several tokens have this name, an error lists their ids.
        name: String = optional().or_computed().check(checks::not_blank()),
        /// When it begins to work.
        not_before: String = computed(),
        /// When it was last changed or rolled.
        modified_on: String = computed(),
    }
}

model! {
    /// Rights that go together: permission groups, and what they apply to.
    pub(crate) struct PolicyView {
        ..policy: View<PolicyBlock>,
        /// The fingerprint identifies the policy by its meaning. Order and the API's ids do not count. The import of a
        /// binding takes it.
        fingerprint: String = computed(),
    }
}

/// The data source of one owner's type.
pub(crate) struct TokenDataSource<T> {
    session: Session,
    of: PhantomData<fn() -> T>,
}

impl<T> TokenDataSource<T> {
    /// Makes the data source for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session, of: PhantomData }
    }
}

#[async_trait]
impl<T: Owned<TokenData>> DataSource for TokenDataSource<T> {
    type Model = T::Model;

    const TYPE_NAME: &'static str = T::NAME;

    async fn validate(&self, config: T::Model) -> Diagnostics {
        let TokenData { id, name, .. } = T::body(&config);
        if id.is_null() && name.is_null() {
            return wording::no_token_named().at(path!(TokenData.id)).into();
        }
        Diagnostics::none()
    }

    async fn read(&self, config: T::Model) -> (Option<T::Model>, Diagnostics) {
        let named = T::owner(&config).clone().or_of_provider(&self.session.account_id());
        let found = async {
            let (tokens, owner) = self.session.reach(&named)?;
            let token = find(&tokens, &owner, T::body(&config)).await?;
            Ok::<_, Diagnostic>((tokens, owner, token))
        };
        let (tokens, owner, token) = match found.await {
            Ok(found) => found,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let (shown, diagnostics) = shown(&tokens, &owner, &token).await;
        (Some(T::with(named, shown)), diagnostics)
    }
}

/// The token that the configuration names.
async fn find(tokens: &TokenService, owner: &Owner, config: &TokenData) -> Result<Arc<Token>, Diagnostic> {
    if let Some(id) = config.id.as_str() {
        let token = tokens.get(owner, id).await.map_err(|e| wording::unreadable(id, &e))?;
        return token.ok_or_else(|| wording::no_such_token(id, owner).at(path!(TokenData.id)));
    }
    let name = config.name.as_str().unwrap_or_default();
    let named = tokens.named(owner, name).await.map_err(|e| wording::unlisted(owner, &e))?;
    match named.tokens.as_slice() {
        [token] => Ok(token.clone()),
        [] => {
            let mut missing = wording::no_token_of_name(name, owner);
            if let Some(unread) = wording::unreadable_tokens(&named.unreadable) {
                missing.detail = format!("{}\n\n{}", missing.detail, unread.detail);
            }
            Err(missing.at(path!(TokenData.name)))
        }
        several => {
            let line = |token: &Arc<Token>| {
                let issued = timestamp(&Value::Null, token.issued_on);
                let issued = issued.as_str().unwrap_or("at an unknown time").to_owned();
                format!("- {} ({}, issued {issued})", token.id, token.status)
            };
            let lines: Vec<_> = several.iter().map(line).collect();
            Err(wording::several_tokens(name, &lines).at(path!(TokenData.name)))
        }
    }
}

/// What is needed to read a token's policies.
pub(crate) struct Reading<'a> {
    pub(crate) owner: &'a Owner,
    /// The permission groups. Without them, groups have the names in the API's answer.
    pub(crate) catalog: Option<&'a Catalog>,
    /// The Workers. Without them, Workers appear as their tags.
    pub(crate) workers: Option<&'a Workers>,
}

/// The attributes that every data source of tokens shows.
pub(crate) fn overview(token: &Token, seen: &TokenPolicies, reading: &Reading<'_>) -> Overview {
    let time = |at| timestamp(&Value::Null, at);
    let described = |policy| {
        let spec = describe(policy, reading.owner, reading.catalog, &seen.names);
        reading.workers.map_or(spec.clone(), |workers| spec.with_names(workers))
    };
    let specs: Vec<_> = seen.policies.values().map(described).collect();
    let view = |(fingerprint, spec): (&Fingerprint, &PolicySpec)| PolicyView {
        policy: View(PolicyBlock::from(spec)),
        fingerprint: fingerprint.to_string().into(),
    };
    let grants = grants::shown(&specs, reading.owner, reading.catalog, &seen.names);
    Overview {
        status: token.status.clone().into(),
        issued_on: time(token.issued_on),
        expires_on: time(token.expires_on),
        last_used_on: time(token.last_used_on),
        policies: Value::Known(seen.policies.keys().zip(&specs).map(view).collect()),
        grants: Value::Known(grants.into_iter().collect()),
        condition: condition_block(&Value::Null, token.condition.as_ref()).map(View),
    }
}

async fn shown(tokens: &TokenService, owner: &Owner, token: &Token) -> (TokenData, Diagnostics) {
    let seen = TokenPolicies::of(token, owner);
    // The answer has names too; the catalog tells those that could mean two groups. A credential that may read tokens
    // and not the catalog is no reason to fail.
    let catalog = tokens.catalog(owner).await.ok();
    let workers = policies::workers_of(tokens, owner, &seen).await;
    let reading = Reading { owner, catalog: catalog.as_deref(), workers: workers.as_deref() };
    let data = TokenData {
        overview: overview(token, &seen, &reading),
        id: token.id.clone().into(),
        name: token.name.clone().into(),
        not_before: timestamp(&Value::Null, token.not_before),
        modified_on: timestamp(&Value::Null, token.modified_on),
    };
    let unreadable = wording::not_shown(&seen).map(|warning| warning.at(path!(Overview.policies)));
    (data, Diagnostics(unreadable.into_iter().collect()))
}
