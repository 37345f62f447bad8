//! A policy's identity: a hash of its meaning. Ids, order and names of the server do not count.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::canonical::Policy;
use super::resource::Resource;

/// The version of the hashed encoding. States have fingerprints, so another encoding needs another tag.
const TAG: &[u8] = b"ctb1";

/// SHA-256 over a policy's canonical form, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint([u8; 32]);

impl Policy {
    /// The policy's identity. Equal for two policies if and only if they mean the same.
    pub fn fingerprint(&self) -> Fingerprint {
        let groups: Vec<&str> = self.groups().iter().map(|id| id.as_str()).collect();
        // Arrays of pairs, not objects: their order does not depend on a map's implementation.
        let resources: Vec<Value> = self
            .resources()
            .iter()
            .map(|(key, resource)| match resource {
                Resource::Flat(text) => json!([key, text]),
                Resource::Nested(inner) => json!([key, inner.iter().collect::<Vec<_>>()]),
            })
            .collect();
        let canonical = json!([self.effect().as_str(), groups, resources]).to_string();
        Fingerprint(Sha256::new().chain_update(TAG).chain_update(canonical).finalize().into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Fingerprint).ok_or_else(|| NotAFingerprint(text.to_owned()))
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotAFingerprint;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The start of a fingerprint, as in an import id: at least [`FingerprintPrefix::SHORTEST`] digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerprintPrefix(String);

impl FingerprintPrefix {
    /// The fewest digits that a prefix has.
    pub const SHORTEST: usize = 12;

    /// Whether the fingerprint starts with this prefix.
    pub fn matches(&self, fingerprint: &Fingerprint) -> bool {
        fingerprint.to_string().starts_with(&self.0)
    }
}

impl fmt::Display for FingerprintPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FingerprintPrefix {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (Self::SHORTEST..=64).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAFingerprint(text.to_owned())) }
    }
}

/// A text that is neither a fingerprint nor the start of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a policy's fingerprint: 64 lower-case hexadecimal digits, or the first {shortest} or more",
    shortest = FingerprintPrefix::SHORTEST
)]
pub struct NotAFingerprint(pub String);
