//! `cloudflare_account_api_tokens`, the data source: which tokens an account has.

use std::sync::Arc;

use async_trait::async_trait;

use crate::cloudflare::Token;
use crate::model;
use crate::provider::blocks::timestamp;
use crate::provider::session::Session;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{DataSource, Diagnostic, Diagnostics, List, Value, computed, optional};
use crate::tokens::Listed;

model! {
    /// The API tokens that an account owns, as far as the provider's credential may see them, expired ones included: for an
    /// inventory, or to find what nobody uses any more. The filters add up.
    pub(crate) struct AccountApiTokensData {
        /// The account. Default: the provider's.
        account_id: String = optional().or_computed().check(checks::id("an account")),
        /// Only tokens of exactly this name.
        name: String = optional().check(checks::not_blank()).conflicts_with(&["name_prefix"]),
        /// Only tokens whose name starts so.
        name_prefix: String = optional().check(checks::not_blank()),
        /// Only tokens of this status: `active`, `disabled`, `expired`, or what else the API says.
        status: String = optional().check(checks::not_blank()),
        /// The tokens, the oldest first.
        tokens: List<TokenSummary> = computed(),
    }
}

model! {
    /// A token in short. The data source `cloudflare_account_api_token` has the rest.
    pub(crate) struct TokenSummary {
        /// The token's id.
        id: String = computed(),
        /// What it is called.
        name: String = computed(),
        /// `active`, `disabled`, `expired`, `revoked (exposed)`, or what else the API says.
        status: String = computed(),
        /// When it was made.
        issued_on: String = computed(),
        /// When it stops working; null for never.
        expires_on: String = computed(),
        /// When it was last used; null where it never was.
        last_used_on: String = computed(),
    }
}

/// The data source.
pub(crate) struct AccountApiTokens {
    pub(crate) session: Session,
}

#[async_trait]
impl DataSource for AccountApiTokens {
    type Model = AccountApiTokensData;

    const TYPE_NAME: &'static str = "cloudflare_account_api_tokens";

    async fn read(&self, config: AccountApiTokensData) -> (Option<AccountApiTokensData>, Diagnostics) {
        let account_id = self.session.account_id(&config.account_id);
        let listed = async {
            let (tokens, owner) = self.session.reach(&account_id)?;
            let listed = tokens.list(&owner).await;
            listed.map_err(|error| wording::api("Could not list the account's API tokens", &error))
        };
        match listed.await {
            Ok(Listed { tokens: mut listed, unreadable }) => {
                listed.retain(|token| is_wanted(&config, token));
                listed.sort_by(|a, b| (a.issued_on, &a.id).cmp(&(b.issued_on, &b.id)));
                let tokens = Value::Known(listed.iter().map(summary).collect());
                let warnings = wording::unreadable_tokens(&unreadable).into_iter().collect();
                (Some(AccountApiTokensData { account_id, tokens, ..config }), Diagnostics(warnings))
            }
            Err(diagnostic) => (None, Diagnostic::into(diagnostic)),
        }
    }
}

fn is_wanted(config: &AccountApiTokensData, token: &Token) -> bool {
    config.name.as_str().is_none_or(|name| token.name == name)
        && config.name_prefix.as_str().is_none_or(|prefix| token.name.starts_with(prefix))
        && config.status.as_str().is_none_or(|status| token.status == status)
}

fn summary(token: &Arc<Token>) -> TokenSummary {
    let time = |at| timestamp(&Value::Null, at);
    TokenSummary {
        id: token.id.clone().into(),
        name: token.name.clone().into(),
        status: token.status.clone().into(),
        issued_on: time(token.issued_on),
        expires_on: time(token.expires_on),
        last_used_on: time(token.last_used_on),
    }
}
