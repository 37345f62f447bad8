//! The record beside a token's lock, which the processes of a host share.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::belief::Floor;
use super::claims::Claims;
use crate::policy::Fingerprint;

/// A token's record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The newest version that one of them has written or seen.
    #[serde(default)]
    pub(super) floor: Option<Floor>,
    /// The claims on policies.
    #[serde(default)]
    pub(super) claims: Claims,
    /// Policies that objects may have added without learning it, because their process or Terraform ended first. Their
    /// states do not have these policies. By object.
    #[serde(default)]
    pub(super) unheard: BTreeMap<String, BTreeSet<Fingerprint>>,
    /// This host's last writes without another writer between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) own: Option<OwnWrites>,
    /// The token that has taken this one's place, if one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) successor: Option<Successor>,
    /// The token whose place this one has taken, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) predecessor: Option<Predecessor>,
}

/// A token whose place another one has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Predecessor {
    pub(super) id: String,
    /// Its latest possible end, in Unix seconds.
    pub(super) ends: i64,
}

/// A token that has taken another one's place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Successor {
    pub(super) id: String,
    /// Whether the caller received its value. Otherwise the value is lost, and the token is of no use.
    pub(super) heard: bool,
}

/// Writes of this host, each based on the one before. The versions are `modified_on` in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnWrites {
    /// The version that the first write was based on.
    from: i64,
    /// The version that the last write made.
    to: i64,
}

impl OwnWrites {
    /// One write. `None` if the API does not date the versions.
    pub(super) fn one(read: Option<OffsetDateTime>, written: Option<OffsetDateTime>) -> Option<Self> {
        Some(Self { from: read?.unix_timestamp(), to: written?.unix_timestamp() })
    }

    /// These writes after earlier ones, which they may or may not continue.
    #[must_use]
    pub(super) fn after(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(earlier) if earlier.to == self.from => Self { from: earlier.from, ..self },
            _ => self,
        }
    }

    /// Whether they are all writes since one version, up to another.
    pub(super) fn are_all(&self, since: i64, up_to: i64) -> bool {
        (self.from..=self.to).contains(&since) && self.to == up_to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_all_while_each_is_based_on_the_one_before() {
        let one = |from, to| OwnWrites { from, to };
        let both = one(2, 5).after(Some(one(1, 2)));
        assert!(both.are_all(1, 5) && both.are_all(2, 5) && !both.are_all(0, 5) && !both.are_all(1, 6));
        // Another writer has made version 3.
        let broken = one(3, 5).after(Some(one(1, 2)));
        assert!(!broken.are_all(2, 5) && broken.are_all(3, 5));
    }
}
