//! What the processes of a host hand on to each other about a token: the record beside its lock.

use serde::{Deserialize, Serialize};

use super::belief::Floor;
use super::claims::Claims;

/// A token's record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The newest version that one of them has written or seen.
    #[serde(default)]
    pub(super) floor: Option<Floor>,
    /// Who has claimed which policy.
    #[serde(default)]
    pub(super) claims: Claims,
}
