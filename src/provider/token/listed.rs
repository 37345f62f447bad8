//! The data sources that list an owner's tokens.

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;

use super::shown::{Overview, Reading, overview};
use crate::cloudflare::Token;
use crate::model;
use crate::provider::owner::{Owned, Ownership};
use crate::provider::session::Session;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{DataSource, Diagnostic, Diagnostics, List, Value, computed, optional};
use crate::tokens::{Listed, TokenPolicies};

model! {
    /// The filters and the tokens that they choose.
    pub(crate) struct TokensData {
        /// Only tokens with exactly this name.
        name: String = optional().check(checks::not_blank()).conflicts_with(&["name_prefix"]),
        /// Only tokens whose name starts with this text.
        name_prefix: String = optional().check(checks::not_blank()),
        /// Only tokens with this status: `active`, `disabled`, `expired`, or another one that the API uses.
        status: String = optional().check(checks::not_blank()).check(checks::status()),
        /// The tokens. The oldest is first.
        tokens: List<TokenSummary> = computed(),
    }
}

model! {
    /// A token of the list. Permission groups and Workers have the names that the list has. The data source of a single
    /// token also looks up what the list does not have, such as the names of Workers.
    pub(crate) struct TokenSummary {
        ..overview: Overview,
        /// The token's id.
        id: String = computed(),
        /// The token's name.
        name: String = computed(),
    }
}

/// The data source of one owner's type.
pub(crate) struct TokenListDataSource<T> {
    session: Session,
    of: PhantomData<fn() -> T>,
}

impl<T> TokenListDataSource<T> {
    /// Makes the data source for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session, of: PhantomData }
    }
}

#[async_trait]
impl<T: Owned<TokensData>> DataSource for TokenListDataSource<T> {
    type Model = T::Model;

    const TYPE_NAME: &'static str = T::NAME;

    async fn read(&self, config: T::Model) -> (Option<T::Model>, Diagnostics) {
        let named = T::owner(&config).clone().or_of_provider(&self.session.account_id());
        let listed = async {
            let (tokens, owner) = self.session.reach(&named)?;
            let listed = tokens.list(&owner).await.map_err(|error| wording::unlisted(&owner, &error))?;
            Ok((owner, listed))
        };
        match listed.await {
            Ok((owner, Listed { tokens, unreadable })) => {
                let config = T::body(&config).clone();
                let seen = |token: Arc<Token>| (TokenPolicies::of(&token, &owner), token);
                let tokens: Vec<_> = chosen(&config, tokens).into_iter().map(seen).collect();
                let mut warnings = Vec::from_iter(wording::unreadable_tokens(&unreadable));
                warnings.extend(wording::some_not_shown(&tokens));
                let reading = Reading { owner: &owner, catalog: None, workers: None };
                let tokens = tokens.iter().map(|(seen, token)| TokenSummary {
                    overview: overview(token, seen, &reading),
                    id: token.id.clone().into(),
                    name: token.name.clone().into(),
                });
                let tokens = Value::Known(tokens.collect());
                (Some(T::with(named, TokensData { tokens, ..config })), Diagnostics(warnings))
            }
            Err(diagnostic) => (None, Diagnostic::into(diagnostic)),
        }
    }
}

/// The tokens that match the filters, the oldest first.
fn chosen(config: &TokensData, mut listed: Vec<Arc<Token>>) -> Vec<Arc<Token>> {
    listed.retain(|token| is_wanted(config, token));
    listed.sort_by(|a, b| (a.issued_on, &a.id).cmp(&(b.issued_on, &b.id)));
    listed
}

fn is_wanted(config: &TokensData, token: &Token) -> bool {
    config.name.as_str().is_none_or(|name| token.name == name)
        && config.name_prefix.as_str().is_none_or(|prefix| token.name.starts_with(prefix))
        && config.status.as_str().is_none_or(|status| token.status == status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tf_provider::framework::Model as _;

    fn token(id: &str, name: &str, status: &str, issued_on: &str) -> Arc<Token> {
        let json = serde_json::json!({
            "id": id, "name": name, "status": status, "issued_on": issued_on, "policies": [],
        });
        Arc::new(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn the_filters_choose_together_and_the_oldest_comes_first() {
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let all = [
            token("c", "ci", "active", new),
            token("b", "ci-deploy", "active", old),
            token("a", "ci-deploy", "disabled", old),
            token("d", "other", "active", old),
        ];
        let ids = |change: fn(&mut TokensData)| {
            let mut config = TokensData::null();
            change(&mut config);
            chosen(&config, all.to_vec()).iter().map(|token| token.id.clone()).collect::<String>()
        };
        assert_eq!(ids(|_| {}), "abdc");
        assert_eq!(ids(|config| config.name = "ci".to_owned().into()), "c");
        assert_eq!(ids(|config| config.name_prefix = "ci".to_owned().into()), "abc");
        assert_eq!(ids(|config| config.status = "active".to_owned().into()), "bdc");
        let both = ids(|config| {
            config.name_prefix = "ci-".to_owned().into();
            config.status = "active".to_owned().into();
        });
        assert_eq!(both, "b");
    }
}
