//! The API's resource keys: how they are written and which scope they stand for. Knows no policy.

use super::scope::Scope;

pub(super) const ACCOUNT: &str = "com.cloudflare.api.account.";
pub(super) const ZONE: &str = "com.cloudflare.api.account.zone.";
pub(super) const USER: &str = "com.cloudflare.api.user.";
pub(super) const R2_BUCKET: &str = "com.cloudflare.edge.r2.bucket.";
pub(super) const WORKER_SCRIPT: &str = "com.cloudflare.edge.worker.script.";
pub(super) const EVERY_ACCOUNT: &str = "com.cloudflare.api.account.*";
pub(super) const EVERY_ZONE: &str = "com.cloudflare.api.account.zone.*";
pub(super) const EVERY_R2_BUCKET: &str = "com.cloudflare.edge.r2.bucket.*";

/// The key of an account.
pub fn account(id: &str) -> String {
    format!("{ACCOUNT}{id}")
}

/// The key of a zone.
pub fn zone(id: &str) -> String {
    format!("{ZONE}{id}")
}

/// The key and the value for all zones of an account. The value is the JSON of the nested object.
pub fn zones_of(account_id: &str) -> (String, String) {
    (account(account_id), format!("{{\"{EVERY_ZONE}\":\"*\"}}"))
}

/// The key of an R2 bucket.
pub fn r2_bucket(account: &str, jurisdiction: &str, bucket: &str) -> String {
    format!("{R2_BUCKET}{account}_{jurisdiction}_{bucket}")
}

/// The key of a Worker.
pub(super) fn worker(tag: &str) -> String {
    format!("{WORKER_SCRIPT}{tag}")
}

/// The parts `(jurisdiction, bucket)` of a text like `default/photos`. `None` for other texts.
pub(super) fn split_bucket(element: &str) -> Option<(&str, &str)> {
    element
        .split_once('/')
        .filter(|(jurisdiction, bucket)| is_jurisdiction(jurisdiction) && is_bucket(bucket))
}

/// The name of a jurisdiction, such as `default` or `eu`: lower-case letters, digits and hyphens.
pub fn is_jurisdiction(text: &str) -> bool {
    !text.is_empty() && is_plain(text)
}

/// The name of an R2 bucket: 3 to 63 lower-case letters, digits and hyphens.
pub fn is_bucket(text: &str) -> bool {
    (3..=63).contains(&text.len()) && is_plain(text)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether the API takes this key in an account-owned token only nested under its account. Users write it flat.
pub(super) fn needs_nesting(key: &str) -> bool {
    key == EVERY_ZONE || key == EVERY_R2_BUCKET || key.starts_with(WORKER_SCRIPT)
}

/// Whether the resource of `key` contains that of `other`. An account contains everything that is not a user. All zones
/// contain each zone.
pub(super) fn covers(key: &str, other: &str) -> bool {
    match scope(key) {
        _ if key == other => true,
        Some(Scope::Account) => !other.starts_with(USER),
        Some(Scope::Zone) => key == EVERY_ZONE && other.starts_with(ZONE),
        _ => key == EVERY_R2_BUCKET && other.starts_with(R2_BUCKET),
    }
}

/// Whether this key means the same nested under the account and flat, in a token of that account.
pub(super) fn is_within(key: &str, account: &str) -> bool {
    let own_bucket =
        || key.strip_prefix(R2_BUCKET).is_some_and(|rest| rest.starts_with(&format!("{account}_")));
    needs_nesting(key) || key.starts_with(ZONE) || own_bucket()
}

/// A kind of keys: the prefix, the form of the rest, and a check of the rest.
struct Kind(&'static str, &'static str, fn(&str) -> bool);

const KINDS: [Kind; 5] = [
    Kind(ZONE, "<zone id>", is_hex32),
    Kind(ACCOUNT, "<account id>", is_hex32),
    Kind(USER, "<user id>", is_hex32),
    Kind(R2_BUCKET, "<account id>_<jurisdiction>_<bucket>", is_bucket_of_account),
    Kind(WORKER_SCRIPT, "<tag>", is_tag),
];

/// A key that the API cannot take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// It does not start like the API's keys.
    NoKey,
    /// The id is missing, or something else is in its place.
    NoId {
        /// The form of the keys of this kind.
        form: String,
    },
    /// Something follows the id of an account. It must be nested instead.
    BelowAccount,
}

impl std::fmt::Display for BadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoKey => f.write_str("is no resource key: they begin with `com.cloudflare.`"),
            Self::NoId { form } => {
                write!(
                    f,
                    "is not of the form `{form}`, where an id has 32 hexadecimal digits in lower case; `*` is all"
                )
            }
            Self::BelowAccount => {
                f.write_str("has something behind the account's id, which the API does not know")
            }
        }
    }
}

/// Checks the shape of a key. True if its kind is known here. False if it is not: the API may know it.
pub fn check(key: &str) -> Result<bool, BadKey> {
    if !key.starts_with("com.cloudflare.") {
        return Err(BadKey::NoKey);
    }
    let account_rest = key.strip_prefix(ACCOUNT).filter(|_| !key.starts_with(ZONE));
    if let Some((id, _)) = account_rest.and_then(|rest| rest.split_once('.')) {
        // Other kinds may exist below an account, as zones do.
        return if is_hex32(id) { Err(BadKey::BelowAccount) } else { Ok(false) };
    }
    for Kind(prefix, form, is_id) in KINDS {
        let rest = if key == prefix.trim_end_matches('.') { Some("") } else { key.strip_prefix(prefix) };
        if let Some(rest) = rest {
            let form = || format!("{prefix}{form}");
            return if rest == "*" || is_id(rest) { Ok(true) } else { Err(BadKey::NoId { form: form() }) };
        }
    }
    Ok(false)
}

fn is_bucket_of_account(rest: &str) -> bool {
    let mut parts = rest.splitn(3, '_');
    parts.next().is_some_and(is_hex32)
        && parts.next().is_some_and(is_jurisdiction)
        && parts.next().is_some_and(is_bucket)
}

fn is_tag(rest: &str) -> bool {
    !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The scope of a key. `None` if its kind is not known here.
pub(super) fn scope(key: &str) -> Option<Scope> {
    if key.starts_with(ZONE) {
        Some(Scope::Zone)
    } else if key.strip_prefix(ACCOUNT).is_some_and(|id| !id.contains('.')) {
        Some(Scope::Account)
    } else if key.starts_with(USER) {
        Some(Scope::User)
    } else if key.starts_with(R2_BUCKET) {
        Some(Scope::R2Bucket)
    } else if key.starts_with(WORKER_SCRIPT) {
        Some(Scope::WorkerScript)
    } else {
        None
    }
}

/// Whether the text has the form of an id of accounts, zones and permission groups: 32 lower-case hexadecimal digits.
pub fn is_hex32(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
