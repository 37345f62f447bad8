//! The attributes of a token for all owners, and its private state.

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
        /// The token's name. Names need not be unique. Default: a generated name, `tf-` and 20 random characters.
        name: String = optional().or_computed().keep_prior().check(checks::token_name()),
        /// The policies of the token. Without them, the token starts without any right, and bindings add theirs.
        ///
        /// Inside a policy, Terraform silently drops an argument that the object does not have, before the provider sees
        /// it. The plan shows in `grants` what will be granted: compare it with what you wrote.
        policies: Set<PolicyBlock> = optional()
            .check(Validator::not_empty(
                "Leave `policies` out for a token whose rights come from bindings; write at least one policy otherwise.",
            )),
        /// The rights that `policies` grant, one line each, such as `allow "DNS Write" on the zone 0123…`. They are known
        /// at plan, so a change of one right changes one line. The rights that bindings add are in their `grants`.
        grants: Set<String> = computed().keep_prior(),
        /// Whether the token may have only the policies in `policies`. `true` (the default if `policies` is set): a policy
        /// that something else has added is drift, and the plan shows its removal. `false` (the default without
        /// `policies`): the resource manages only its own policies, and bindings may add theirs.
        exclusive_policies: bool = optional().or_computed().keep_prior(),
        /// Limits where the token can be used from.
        ///
        /// Inside it, Terraform silently drops an argument that the object does not have. `grants` shows what is granted,
        /// but not from where: compare `condition` in the plan with what you wrote. If the only argument is misspelt, the
        /// provider refuses the block, because nothing is set then.
        condition: ConditionBlock = optional().same_if(same_condition),
        /// When the token begins to work.
        not_before: String = optional().same_if(checks::same_instant).check(checks::timestamp()),
        /// When the token stops working. Computed if `expires_in` is set.
        expires_on: String = optional().or_computed().keep_prior()
            .same_if(checks::same_instant).check(checks::timestamp()).conflicts_with(&["expires_in"]),
        /// How long a value works, counted from the time when it was issued. A create and a roll issue a value, so a roll
        /// moves the token's end.
        expires_in: String = optional().check(checks::duration(false)),
        /// `active` (the default) or `disabled`. The API may also say `expired` or `revoked (exposed)`.
        status: String = optional().or_computed().keep_prior().check(Validator::one_of(&["active", "disabled"])),
        /// When the token gets a new value.
        rotation: RotationBlock = optional(),
        /// Whether the state has `value`. `false`: the state has null, and only the recipients in `seal_for` get the value.
        store_value: bool = optional().or(Raw::Bool(true)),
        /// The recipients that the value is encrypted for, each under a name of your choice. `sealed_values` has the
        /// results under the same names.
        seal_for: Map<SealBlock> = optional().check(Validator::not_empty("Leave `seal_for` out to seal the value for nobody.")),
        /// The token's value. It is known after the token is created. It cannot be read back, so it is null after an import
        /// until the token is rolled.
        value: SecretString = computed().keep_prior(),
        /// The value, encrypted for each recipient in `seal_for`: armored age, or the base64 of a libsodium sealed box.
        sealed_values: Map<String> = computed().keep_prior(),
        /// When the token was made.
        issued_on: String = computed().keep_prior(),
        /// When the value was issued, by the create or by the last roll.
        value_issued_on: String = computed().keep_prior(),
        /// A number that rises with each new value. If a new token takes the place of this one, the number keeps rising.
        /// Use it for `value_wo_version` and similar arguments.
        value_version: i64 = computed().keep_prior(),
        /// The token whose place this one has taken in a rotation with `overlap`. Its value works until `expires_on`. The
        /// first apply after that deletes it.
        previous: PreviousBlock = computed().keep_prior(),
        /// What the last apply sent without learning whether it took effect. Normally null. The next apply sends it again.
        unconfirmed: String = computed().keep_prior(),
    }
}

model! {
    /// A token whose place another token has taken.
    pub(crate) struct PreviousBlock {
        /// Its id.
        id: String = computed(),
        /// When it stops working. Null if that could not be set: the next apply sets it.
        expires_on: String = computed(),
    }
}

model! {
    /// When the token gets a new value.
    pub(crate) struct RotationBlock {
        /// The age at which a value is replaced. A refresh finds out that the value is older, and the next apply rolls it.
        every: String = optional().check(checks::duration(false)),
        /// Any values. If one is new or changes, the next apply rolls the value. A removed one has no effect.
        triggers: Map<String> = optional(),
        /// How long the old value keeps working. With `overlap`, a rotation makes a new API token that takes the place of
        /// the old one: `id` changes too, and bindings move to it. Without it, the value is rolled in place, and the old
        /// one stops working at once.
        overlap: String = optional().check(checks::duration(false)),
    }
}

model! {
    /// A recipient of the value.
    pub(crate) struct SealBlock {
        /// `age`, or `libsodium` for a sealed box as GitHub's secrets API takes it.
        format: String = required().check(Validator::one_of(Format::ALL)),
        /// The public key: an age recipient (`age1…`), or the base64 of 32 bytes.
        public_key: String = required(),
    }
}

impl TokenFields {
    /// The token's id. Empty if it has none yet.
    pub(super) fn token_id(&self) -> &str {
        self.id.as_str().unwrap_or_default()
    }

    /// Whether the resource manages all policies of the token.
    pub(super) fn is_exclusive(&self) -> bool {
        self.exclusive_policies == Value::Known(true)
    }

    /// Whether an update sends the planned policies although they do not change: to a new token that must have these and no
    /// others, or to a previous token that has not got its end, and whatever else it was to lose, yet.
    pub(super) fn needs_policies(&self) -> bool {
        let (is_new, ends) = (self.id.is_unknown(), self.previous.is_unknown());
        if is_new { self.is_exclusive() } else { ends }
    }

    /// Whether an earlier apply has sent something whose outcome is not known.
    pub(super) fn is_in_doubt(&self) -> bool {
        !self.unconfirmed.is_null()
    }
}

/// The private state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Private {
    /// The fingerprints of the policies that the state's `policies` stand for, as applied or read.
    #[serde(default)]
    pub(super) owned: BTreeSet<Fingerprint>,
    /// The fingerprints of the policies that this resource has written itself. Absent in states of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) applied: Option<BTreeSet<Fingerprint>>,
    /// The time at which `rotation.every` was last compared with the value's age, in Unix seconds. It changes only if the
    /// result changes, so that a refresh without news leaves the private state unchanged.
    #[serde(default)]
    pub(super) seen_on: i64,
    /// Whether the token was imported and has not been changed since. Its policies are in the state, but may belong to
    /// bindings.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) imported: bool,
    /// Whether the token had already ended when it was imported. It stays as it is until the configuration gives it another
    /// end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) imported_ended: bool,
    /// Whether the token came from another provider's state and has not been read since. Its policies have ids and no
    /// names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) moved: bool,
    /// Whether a roll may have taken effect whose value is lost. The next plan rolls the token again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) value_lost: bool,
    /// Whether something else has rolled the token, so that the value in the state has stopped working. The next plan rolls
    /// it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) value_dead: bool,
    /// The token's `modified_on` after the last write by this resource, in Unix seconds. The value in the state worked at
    /// that time. Absent in states of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) written_on: Option<i64>,
    /// The time of the last change that the state knows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sent_on: Option<i64>,
    /// Whether the overlap of the previous token is over. The next plan deletes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) previous_over: bool,
    /// The policies that the previous token should have lost in the rotation, if the write failed. It loses them when it gets
    /// its end.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) previous_owes: BTreeSet<Fingerprint>,
    /// Passed from a plan to its apply: the `value_version` so far, also of a token that is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i64>,
}

impl Private {
    /// The fingerprints of the policies that this resource has written itself. Version 0.1.0 did not separate them from
    /// those that it had seen. If it managed all policies, they count as its own. After an import, none do.
    pub(super) fn own(&self) -> BTreeSet<Fingerprint> {
        match &self.applied {
            Some(applied) => applied.clone(),
            None if self.imported => BTreeSet::new(),
            None => self.owned.clone(),
        }
    }
}

/// The change that Terraform asks to plan.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// The configuration.
    pub(super) config: &'a TokenFields,
    /// The token before. `None` on create.
    pub(super) prior: Option<&'a TokenFields>,
    /// The framework's plan.
    pub(super) planned: &'a TokenFields,
    /// The private state.
    pub(super) private: &'a Private,
    /// Whether the token is already replaced for another reason.
    pub(super) replaced: bool,
}

/// The name under which a token's own resource claims policies.
pub(super) fn claimant(token_id: &str) -> String {
    format!("token {token_id}")
}

impl TokenFields {
    /// Whether an update leaves the policies unchanged. Policies in doubt are sent again.
    pub(super) fn keeps_policies(&self, planned: &Self) -> bool {
        let same = self.policies == planned.policies && self.exclusive_policies == planned.exclusive_policies;
        same && !self.is_in_doubt()
    }

    /// Takes over what the API says about a token, all but its policies and its value.
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
