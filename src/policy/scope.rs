//! What permission groups and resource keys apply to.

use std::fmt;

/// The scope of a permission group. The API adds scopes: an unknown one is kept as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `com.cloudflare.api.account`
    Account,
    /// `com.cloudflare.api.account.zone`
    Zone,
    /// `com.cloudflare.api.user`
    User,
    /// `com.cloudflare.edge.r2.bucket`
    R2Bucket,
    /// `com.cloudflare.edge.worker.script`
    WorkerScript,
    /// A scope that is not known here.
    Other(String),
}

impl Scope {
    /// The API's word for the scope.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Account => "com.cloudflare.api.account",
            Self::Zone => "com.cloudflare.api.account.zone",
            Self::User => "com.cloudflare.api.user",
            Self::R2Bucket => "com.cloudflare.edge.r2.bucket",
            Self::WorkerScript => "com.cloudflare.edge.worker.script",
            Self::Other(text) => text,
        }
    }

    /// Whether an account contains resources of this scope.
    pub fn is_within_account(&self) -> bool {
        matches!(self, Self::Zone | Self::R2Bucket | Self::WorkerScript)
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        let known = [Self::Account, Self::Zone, Self::User, Self::R2Bucket, Self::WorkerScript];
        known.into_iter().find(|scope| scope.as_str() == text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

/// The word for texts, as in 'a zone-scoped permission group'.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Zone => "zone",
            Self::User => "user",
            Self::R2Bucket => "R2-bucket",
            Self::WorkerScript => "Worker",
            Self::Other(text) => text,
        })
    }
}
