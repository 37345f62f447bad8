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
            Scope::Account => "com.cloudflare.api.account",
            Scope::Zone => "com.cloudflare.api.account.zone",
            Scope::User => "com.cloudflare.api.user",
            Scope::R2Bucket => "com.cloudflare.edge.r2.bucket",
            Scope::WorkerScript => "com.cloudflare.edge.worker.script",
            Scope::Other(text) => text,
        }
    }

    /// Whether an account contains resources of this scope.
    pub fn is_within_account(&self) -> bool {
        matches!(self, Scope::Zone | Scope::R2Bucket | Scope::WorkerScript)
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        let known = [Scope::Account, Scope::Zone, Scope::User, Scope::R2Bucket, Scope::WorkerScript];
        known
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .unwrap_or_else(|| Scope::Other(text.to_owned()))
    }
}

/// The word for texts, as in 'a zone-scoped permission group'.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Account => "account",
            Scope::Zone => "zone",
            Scope::User => "user",
            Scope::R2Bucket => "R2-bucket",
            Scope::WorkerScript => "Worker",
            Scope::Other(text) => text,
        })
    }
}
