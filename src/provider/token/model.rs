//! The attributes of a token, whoever owns it, and what is kept beside the state.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::cloudflare::Token;
use crate::model;
use crate::policy::Fingerprint;
use crate::provider::blocks::{ConditionBlock, PolicyBlock, condition_block, same_condition, timestamp};
use crate::provider::checks;
use crate::provider::seal::Format;
use crate::tf_provider::framework::{Map, Raw, Set, Validator, Value, computed, optional, required};

model! {
    /// An API token.
    pub(crate) struct TokenFields {
        /// The token's id. It is also the access key id of the token's R2 credentials.
        id: String = computed().keep_prior().identity(),
        /// What the token is called. Names need not be unique. Left out, a name is made: `tf-` and 20 random characters.
        name: String = optional().or_computed().keep_prior().check(checks::token_name()),
        /// What the token may do. Left out, the token starts without any right, and bindings add theirs.
        ///
        /// Inside a policy Terraform drops an argument whose name it does not know, without an error, before the provider sees
        /// it. `grants` shows in the plan what will be granted: compare it with what you wrote.
        policies: Set<PolicyBlock> = optional()
            .check(Validator::not_empty(
                "Leave `policies` out for a token whose rights come from bindings; write at least one policy otherwise.",
            )),
        /// What `policies` grant, a line for each right, such as `allow "DNS Write" on the zone 0123…`. Known at plan, so that a
        /// change of one right is a change of one line. What bindings add is in their `grants`.
        grants: Set<String> = computed().keep_prior(),
        /// Whether `policies` is all that the token may do. `true` (the default where `policies` is set): a policy that
        /// somebody else has added is drift, and the plan shows its removal. `false` (the default without `policies`): only
        /// the token's own policies are managed, and bindings may add theirs.
        exclusive_policies: bool = optional().or_computed().keep_prior(),
        /// From where the token may be used.
        ///
        /// Inside it Terraform drops an argument whose name it does not know, without an error. `grants` says what will be
        /// granted, and not from where: compare `condition` in the plan with what you wrote. A misspelt argument alone is refused,
        /// since nothing is set then.
        condition: ConditionBlock = optional().same_if(same_condition),
        /// When the token begins to work.
        not_before: String = optional().same_if(checks::same_instant).check(checks::timestamp()),
        /// When the token stops working. Computed where `expires_in` is set.
        expires_on: String = optional().or_computed().keep_prior()
            .same_if(checks::same_instant).check(checks::timestamp()).conflicts_with(&["expires_in"]),
        /// How long a value works, counted from when it was issued: by the create, or by the last roll, which so extends the
        /// expiry.
        expires_in: String = optional().check(checks::duration(false)),
        /// `active` (the default) or `disabled`. The API may also say `expired` or `revoked (exposed)`.
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
        /// When the value was issued: by the create, or by the last roll.
        value_issued_on: String = computed().keep_prior(),
        /// A number that rises with each value that the token gets, and that a new token in the place of this one goes on
        /// with: what `value_wo_version` and its like take beside `value`.
        value_version: i64 = computed().keep_prior(),
        /// The token whose place this one has taken, by a rotation with `overlap`. Its value works until `expires_on`; the
        /// first apply after that deletes it.
        previous: PreviousBlock = computed().keep_prior(),
        /// What the last apply sent without learning whether it took effect; null normally. The next apply sends it again.
        unconfirmed: String = computed().keep_prior(),
    }
}

model! {
    /// A token whose place another one has taken.
    pub(crate) struct PreviousBlock {
        /// Its id.
        id: String = computed(),
        /// When it stops working. Null while that could not be set: the next apply sets it.
        expires_on: String = computed(),
    }
}

model! {
    /// When the token gets a new value.
    pub(crate) struct RotationBlock {
        /// How old a value may grow. A refresh finds out that it is older, and the next apply rolls it.
        every: String = optional().check(checks::duration(false)),
        /// Any values; when one is new or changes, the next apply rolls the value. One that is taken away rolls nothing.
        triggers: Map<String> = optional(),
        /// For how long the old value goes on working. With it, a rotation makes a new API token that takes the place of the old
        /// one: `id` changes too, and bindings go over. Without it the value is rolled in place, and the old one stops working
        /// at once.
        overlap: String = optional().check(checks::duration(false)),
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

impl TokenFields {
    /// The token's id: empty before it has one.
    pub(super) fn token_id(&self) -> &str {
        self.id.as_str().unwrap_or_default()
    }

    /// Whether the token's policies are all managed here.
    pub(super) fn is_exclusive(&self) -> bool {
        self.exclusive_policies == Value::Known(true)
    }

    /// Whether a new token takes this one's place, which is to have the policies of the configuration and no others.
    pub(super) fn is_exclusive_successor(&self) -> bool {
        self.id.is_unknown() && self.is_exclusive()
    }

    /// Whether an earlier apply has sent something that may have taken effect, or may yet.
    pub(super) fn is_in_doubt(&self) -> bool {
        !self.unconfirmed.is_null()
    }
}

/// What is kept beside the state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Private {
    /// The fingerprints of the policies that the state's `policies` stand for, as applied or read.
    #[serde(default)]
    pub(super) owned: BTreeSet<Fingerprint>,
    /// The fingerprints of those that this resource has written itself. Absent in states of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) applied: Option<BTreeSet<Fingerprint>>,
    /// As of when `rotation.every` has passed or not, in Unix seconds. It changes only where a look says otherwise than the one
    /// before.
    #[serde(default)]
    pub(super) seen_on: i64,
    /// Whether the token was imported and not changed since: its policies are in the state, but may be bindings'.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) imported: bool,
    /// Whether the token had ended already when it was imported: it is left as it is until the configuration gives it
    /// another end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) imported_ended: bool,
    /// Whether the token came from another provider's state and was not read since: its policies have ids, not names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) moved: bool,
    /// Whether a roll may have taken effect whose value nobody has: the next plan rolls the token again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) value_lost: bool,
    /// Whether somebody else has rolled the token, so that the value that was in the state is dead: the next plan rolls it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) value_dead: bool,
    /// The token's `modified_on` after this resource has written it last, in Unix seconds: the value in the state was alive
    /// then. Absent in states of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) written_on: Option<i64>,
    /// Whether the overlap of the previous token is over: the next plan deletes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) previous_over: bool,
    /// From a plan to its apply: the `value_version` so far, also of a token that is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i64>,
}

impl Private {
    /// The fingerprints of the policies that this resource wrote itself. Version 0.1.0 did not tell its own from those that it
    /// had seen: where it managed all of them, they count as its own; of an import none does.
    pub(super) fn own(&self) -> BTreeSet<Fingerprint> {
        match &self.applied {
            Some(applied) => applied.clone(),
            None if self.imported => BTreeSet::new(),
            None => self.owned.clone(),
        }
    }
}

/// What core asks to be planned.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// The configuration.
    pub(super) config: &'a TokenFields,
    /// What the token was; `None` on create.
    pub(super) prior: Option<&'a TokenFields>,
    /// The framework's plan.
    pub(super) planned: &'a TokenFields,
    /// What is kept beside the state.
    pub(super) private: &'a Private,
    /// Whether the token is replaced already, for another reason.
    pub(super) replaced: bool,
}

/// Under which name a token's own resource writes it.
pub(super) fn claimant(token_id: &str) -> String {
    format!("token {token_id}")
}

impl TokenFields {
    /// Whether an update to what is planned leaves the policies as they are. Those of a token in doubt are sent again.
    pub(super) fn keeps_policies(&self, planned: &TokenFields) -> bool {
        let same = self.policies == planned.policies && self.exclusive_policies == planned.exclusive_policies;
        same && !self.is_in_doubt()
    }

    /// Takes over what the API says of a token, all but its policies and its value.
    pub(super) fn observe(&mut self, token: &Token) {
        self.id = token.id.clone().into();
        self.name = token.name.clone().into();
        self.status = token.status.clone().into();
        self.condition = condition_block(&self.condition, token.condition.as_ref());
        self.not_before = timestamp(&self.not_before, token.not_before);
        self.expires_on = timestamp(&self.expires_on, token.expires_on);
        self.issued_on = timestamp(&self.issued_on, token.issued_on);
    }
}
