//! What the processes of a host hand on to each other about a token: the record beside its lock.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::belief::Floor;
use super::claims::Claims;
use crate::policy::Fingerprint;

/// A token's record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The newest version that one of them has written or seen.
    #[serde(default)]
    pub(super) floor: Option<Floor>,
    /// Who has claimed which policy.
    #[serde(default)]
    pub(super) claims: Claims,
    /// What objects may have written and were not told of, since their process died or Terraform was gone: their states do
    /// not say it. For each object the policies that it may have added.
    #[serde(default)]
    pub(super) unheard: BTreeMap<String, BTreeSet<Fingerprint>>,
}
