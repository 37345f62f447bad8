//! The keys of a policy's `resources`: what each key names, and what it covers.

use serde_json::{Map, Value};

use super::catalogue::{ACCOUNT, BUCKET, USER, WORKER, ZONE};
use super::envelope::Refusal;

/// The target of one entry of `resources`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// One account.
    Account(String),
    /// All accounts of a user.
    AllAccounts,
    /// One zone.
    Zone(String),
    /// One zone, nested under an account.
    ZoneIn(String, String),
    /// All zones of an account.
    ZonesOf(String),
    /// All zones of a user.
    AllZones,
    /// A user.
    User(String),
    /// One R2 bucket: the account, then `jurisdiction_name`.
    Bucket(String, String),
    /// All R2 buckets of an account.
    BucketsOf(String),
    /// One Worker of an account.
    Worker(String, String),
}

impl Resource {
    /// The scope that a group needs to be granted on this resource.
    pub fn scope(&self) -> &'static str {
        match self {
            Self::Account(_) | Self::AllAccounts => ACCOUNT,
            Self::Zone(_) | Self::ZoneIn(..) | Self::ZonesOf(_) | Self::AllZones => ZONE,
            Self::User(_) => USER,
            Self::Bucket(..) | Self::BucketsOf(_) => BUCKET,
            Self::Worker(..) => WORKER,
        }
    }

    /// Whether a grant on this resource covers `wanted`. `account_of` finds the account of a zone.
    pub fn covers(&self, wanted: &Self, account_of: impl Fn(&str) -> Option<String>) -> bool {
        match (self, wanted) {
            (Self::AllAccounts, Self::Account(_))
            // A group with zone or bucket scope on an account covers all zones or buckets of the account.
            | (Self::AllAccounts, Self::Zone(_) | Self::ZoneIn(..) | Self::ZonesOf(_) | Self::Bucket(..))
            | (Self::AllZones, Self::Zone(_) | Self::ZoneIn(..) | Self::ZonesOf(_)) => true,
            (Self::Zone(held) | Self::ZoneIn(_, held), Self::Zone(zone) | Self::ZoneIn(_, zone)) => {
                held == zone
            }
            (Self::ZonesOf(account) | Self::Account(account), Self::Zone(zone) | Self::ZoneIn(_, zone)) => {
                account_of(zone).as_ref() == Some(account)
            }
            (Self::BucketsOf(held) | Self::Account(held), Self::Bucket(account, _))
            | (Self::Account(held), Self::ZonesOf(account) | Self::BucketsOf(account) | Self::Worker(account, _)) => {
                held == account
            }
            (held, wanted) => held == wanted,
        }
    }
}

/// Reads `resources`.
///
/// # Errors
/// 400/1001 for an unknown key, or for a value that is neither `"*"` nor a map of such values.
pub fn parse(resources: &Map<String, Value>) -> Result<Vec<Resource>, Refusal> {
    if resources.is_empty() {
        return Err(Refusal::policy("A policy must have at least one resource"));
    }
    let mut found = Vec::new();
    for (key, value) in resources {
        match value {
            Value::String(all) if all == "*" => found.push(flat(key)?),
            Value::Object(inner) if !inner.is_empty() => {
                let Resource::Account(account) = flat(key)? else { return Err(unsupported(key)) };
                for (key, value) in inner {
                    if value.as_str() != Some("*") {
                        return Err(Refusal::policy(format!("The value of {key} must be \"*\"")));
                    }
                    found.push(nested(&account, key)?);
                }
            }
            _ => return Err(Refusal::policy(format!("The value of {key} must be \"*\" or an object"))),
        }
    }
    Ok(found)
}

fn flat(key: &str) -> Result<Resource, Refusal> {
    if let Some(zone) = under(key, ZONE) {
        return match zone {
            "*" => Ok(Resource::AllZones),
            id if is_id(id) => Ok(Resource::Zone(id.to_owned())),
            _ => Err(unsupported(key)),
        };
    }
    if let Some(account) = under(key, ACCOUNT) {
        return match account {
            "*" => Ok(Resource::AllAccounts),
            id if is_id(id) => Ok(Resource::Account(id.to_owned())),
            _ => Err(unsupported(key)),
        };
    }
    if let Some(id) = under(key, USER).filter(|id| is_id(id)) {
        return Ok(Resource::User(id.to_owned()));
    }
    let bucket = under(key, BUCKET).and_then(|rest| rest.split_once('_'));
    match bucket {
        Some((account, name)) if is_id(account) && is_bucket(name) => {
            Ok(Resource::Bucket(account.to_owned(), name.to_owned()))
        }
        _ => Err(unsupported(key)),
    }
}

fn nested(account: &str, key: &str) -> Result<Resource, Refusal> {
    let account = account.to_owned();
    match (under(key, ZONE), under(key, BUCKET), under(key, WORKER)) {
        (Some("*"), _, _) => Ok(Resource::ZonesOf(account)),
        (Some(zone), _, _) if is_id(zone) => Ok(Resource::ZoneIn(account, zone.to_owned())),
        (_, Some("*"), _) => Ok(Resource::BucketsOf(account)),
        (_, _, Some(tag)) if !tag.is_empty() => Ok(Resource::Worker(account, tag.to_owned())),
        _ => match flat(key)? {
            Resource::Bucket(owner, name) if owner == account => Ok(Resource::Bucket(owner, name)),
            _ => Err(unsupported(key)),
        },
    }
}

fn under<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.strip_prefix(prefix)?.strip_prefix('.')
}

fn unsupported(key: &str) -> Refusal {
    Refusal::policy(format!("{key} is not a supported resource type"))
}

fn is_bucket(name: &str) -> bool {
    name.split_once('_').is_some_and(|(jurisdiction, bucket)| !jurisdiction.is_empty() && !bucket.is_empty())
}

/// Whether a text is an identifier: 32 lower-case hex digits.
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
