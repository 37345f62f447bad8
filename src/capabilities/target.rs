//! What permission groups are granted on.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A kind of target, as the attribute of a policy that names the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The account that owns the token. No attribute names it.
    Account,
    /// Zones by id.
    Zones,
    /// R2 buckets by jurisdiction and name.
    R2Buckets,
    /// Workers by name.
    Workers,
}

impl Kind {
    /// The kinds that a caller names targets of.
    pub const NAMED: [Self; 3] = [Self::Zones, Self::R2Buckets, Self::Workers];

    /// The name in the data and in a policy; `account` is in the data only.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Zones => "zones",
            Self::R2Buckets => "r2_buckets",
            Self::Workers => "workers",
        }
    }
}

/// Permission groups on one kind of target: a policy without its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What the groups are granted on.
    pub on: Kind,
    /// The groups, by name.
    pub groups: BTreeSet<&'static str>,
}

/// The kinds that a caller has targets for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// These, and no others.
    Kinds(BTreeSet<Kind>),
    /// Not known yet.
    Unknown,
}
