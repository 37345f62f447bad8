//! The API's resource keys: how they are written and which scope they stand for. Knows no policy.

use super::catalog::Scope;

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

/// The key and the value that mean all zones of an account: the value is the JSON of what the API nests there.
pub fn zones_of(account_id: &str) -> (String, String) {
    (account(account_id), format!("{{\"{EVERY_ZONE}\":\"*\"}}"))
}

/// The key of an R2 bucket.
pub fn r2_bucket(account: &str, jurisdiction: &str, bucket: &str) -> String {
    format!("{R2_BUCKET}{account}_{jurisdiction}_{bucket}")
}

/// The parts `(jurisdiction, bucket)` of `default/photos`, if it is written so.
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

/// Is this key said flat by users, and nested under its account on the wire of an account-owned token?
pub(super) fn nests_under_account(key: &str) -> bool {
    key == EVERY_ZONE || key == EVERY_R2_BUCKET || key.starts_with(WORKER_SCRIPT)
}

/// Does the resource of one key hold that of the other? An account holds all that is not a user, and all zones hold each one.
pub(super) fn covers(key: &str, other: &str) -> bool {
    match scope(key) {
        _ if key == other => true,
        Some(Scope::Account) => !other.starts_with(USER),
        Some(Scope::Zone) => key == EVERY_ZONE && other.starts_with(ZONE),
        _ => key == EVERY_R2_BUCKET && other.starts_with(R2_BUCKET),
    }
}

/// The scope that a key stands for; none where the key is of a kind that is not known here.
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

/// 32 lower-case hexadecimal digits, as accounts, zones and permission groups are identified.
pub fn is_hex32(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
