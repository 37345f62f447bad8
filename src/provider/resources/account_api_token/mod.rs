//! `cloudflare_account_api_token`: an account-owned API token.

mod apply;
mod plan;
mod refresh;
mod value;

use std::collections::BTreeSet;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::model;
use crate::policy::Fingerprint;
use crate::provider::blocks::{ConditionBlock, PolicyBlock, same_condition};
use crate::provider::checks;
use crate::provider::seal::Format;
use crate::provider::session::Session;
use crate::tf_provider::framework::{
    Applied, Created, Diagnostic, Diagnostics, IdentityAttribute, IdentitySchema, Imported, Map, Model,
    Planning, Raw, ReadBack, Resource, ResourceId, Set, Updating, Validator, computed, optional, required,
};

model! {
    /// An API token that an account owns: it goes on working when the person who made it leaves.
    ///
    /// Permission groups are given by name, and order and spelling make no difference. A token without `policies` can do
    /// nothing by itself: each capability that needs a right adds it with a `cloudflare_token_binding`.
    pub(crate) struct TokenModel {
        /// The token's id. It is also the access key id of the token's R2 credentials.
        id: String = computed().keep_prior(),
        /// The account that owns the token. Default: the provider's.
        account_id: String = optional().or_computed().keep_prior().requires_replace().check(checks::id("an account")),
        /// What the token is called. Names need not be unique. Left out, a name is made: `tf-` and 20 random characters.
        name: String = optional().or_computed().keep_prior().check(checks::token_name()),
        /// What the token may do. Left out, the token starts without any right, and bindings add theirs.
        policies: Set<PolicyBlock> = optional()
            .check(Validator::not_empty(
                "Leave `policies` out for a token whose rights come from bindings; write at least one policy otherwise.",
            )),
        /// Whether `policies` is all that the token may do. `true` (the default where `policies` is set): a policy that
        /// somebody else has added is drift, and the plan shows its removal. `false` (the default without `policies`): only
        /// the token's own policies are managed, and bindings may add theirs.
        exclusive_policies: bool = optional().or_computed().keep_prior(),
        /// From where the token may be used.
        condition: ConditionBlock = optional().same_if(same_condition),
        /// When the token begins to work.
        not_before: String = optional().same_if(checks::same_instant).check(checks::timestamp()),
        /// When the token stops working. Computed where `expires_in` is set.
        expires_on: String = optional().or_computed().keep_prior()
            .same_if(checks::same_instant).check(checks::timestamp()).conflicts_with(&["expires_in"]),
        /// How long a value works, counted from when it was issued: by the create, or by the last roll, which so extends the
        /// expiry.
        expires_in: String = optional().check(checks::duration(false)),
        /// `active` or `disabled`. The API may also say `expired` or `revoked (exposed)`.
        status: String = optional().or_computed().keep_prior().check(Validator::one_of(&["active", "disabled"])),
        /// When the token gets a new value. The token stays, with its id and its rights; the old value stops working at once.
        rotation: RotationBlock = optional(),
        /// Whether `value` is kept in the state. `false`: it is null there, and only `seal_for` gets it.
        store_value: bool = optional().or(Raw::Bool(true)),
        /// For whom the value is encrypted, by any name. Each is in `sealed_values` under the same name.
        seal_for: Map<SealBlock> = optional().check(Validator::not_empty("Leave `seal_for` out to seal the value for nobody.")),
        /// The token itself. It is known from when it is made; it cannot be read back, so it is null after an import, until
        /// the token is rolled.
        value: SecretString = computed().keep_prior(),
        /// The value, encrypted for each of `seal_for`: armored age, or the base64 of a libsodium sealed box.
        sealed_values: Map<String> = computed().keep_prior(),
        /// When the token was made.
        issued_on: String = computed().keep_prior(),
        /// When the token was last changed.
        modified_on: String = computed(),
        /// When the value was issued: by the create, or by the last roll.
        value_issued_on: String = computed().keep_prior(),
    }
}

model! {
    /// When the value is rolled.
    pub(crate) struct RotationBlock {
        /// How old a value may grow. A refresh finds out that it is older, and the next apply rolls it.
        every: String = optional().check(checks::duration(false)),
        /// Any values; when one changes, the next apply rolls the value.
        triggers: Map<String> = optional(),
    }
}

model! {
    /// Somebody who is to have the value.
    pub(crate) struct SealBlock {
        /// `age`, or `libsodium` for a sealed box as GitHub's secrets API takes it.
        format: String = required().check(Validator::one_of(Format::ALL)),
        /// The public key: an age recipient (`age1…`), or the base64 of 32 bytes.
        public_key: String = required(),
    }
}

/// What is kept beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Private {
    /// The fingerprints of the policies that the state's `policies` stand for, as applied or read.
    #[serde(default)]
    owned: BTreeSet<Fingerprint>,
    /// As of when `rotation.every` has passed or not, in Unix seconds: about when the token was last read.
    #[serde(default)]
    seen_on: i64,
    /// Whether the token was imported and not changed since: its policies are in the state, but may be bindings'.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
}

/// The resource type.
pub(crate) struct AccountApiToken {
    pub(crate) session: Session,
}

/// Whether a token of this status has ended and will not come back.
fn has_ended(status: &str) -> bool {
    status == "expired" || status.starts_with("revoked")
}

#[async_trait]
impl Resource for AccountApiToken {
    type Model = TokenModel;
    type Private = Private;

    const TYPE_NAME: &'static str = "cloudflare_account_api_token";

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(IdentitySchema {
            version: 0,
            attributes: vec![
                IdentityAttribute::optional(
                    "account_id",
                    "The account that owns the token; the provider's if left out.",
                ),
                IdentityAttribute::required("id", "The token's id."),
            ],
        })
    }

    fn identity(&self, state: &TokenModel) -> Option<Raw> {
        let text = |value: Option<&str>| value.map(Raw::string);
        let id = text(state.id.as_str())?;
        let account_id = text(state.account_id.as_str())?;
        Some(Raw::Map([("account_id".to_owned(), account_id), ("id".to_owned(), id)].into()))
    }

    async fn validate(&self, config: TokenModel) -> Diagnostics {
        value::validate(&config)
    }

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        self.plan_token(planning).await
    }

    async fn plan_delete(&self, prior: TokenModel) -> Diagnostics {
        self.guard_own(&prior, "deleted").await
    }

    async fn create(&self, _config: TokenModel, planned: TokenModel, private: Private) -> Created<Self> {
        self.create_token(planned, private).await
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        self.read_token(current).await
    }

    async fn update(&self, updating: Updating<Self>) -> Created<Self> {
        self.update_token(updating).await
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        self.delete_token(prior.state).await
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let parts = match &id {
            ResourceId::Id(text) => match text.split_once('/') {
                Some((account, token)) => Some((account.to_owned().into(), token.to_owned())),
                None => Some((self.session.account_id(&Default::default()), text.clone())),
            },
            ResourceId::Identity(identity) => identity.get("id").as_str().map(|token| {
                let account = identity.get("account_id").as_str().map(str::to_owned);
                (self.session.account_id(&account.into()), token.to_owned())
            }),
        };
        match parts {
            Some((account, token)) if account.as_str().is_some_and(checks::is_id) && checks::is_id(&token) => {
                let state = TokenModel { id: token.into(), account_id: account, ..TokenModel::null() };
                Ok(Applied { state, private: Private::default() })
            }
            _ => Err(Diagnostic::error(
                "Invalid import id",
                "Write <account_id>/<token_id>, both of 32 hexadecimal digits. The provider's account may be left out.",
            )
            .into()),
        }
    }
}
