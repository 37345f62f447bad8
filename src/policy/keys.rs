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

pub(super) fn account(id: &str) -> String {
    format!("{ACCOUNT}{id}")
}

/// The key of the bucket that is written `jurisdiction/bucket`, such as `default/photos`.
pub(super) fn r2_bucket(account: &str, jurisdiction: &str, bucket: &str) -> String {
    format!("{R2_BUCKET}{account}_{jurisdiction}_{bucket}")
}

/// The parts `(jurisdiction, bucket)` of `default/photos`, if it is written so. A jurisdiction and a bucket are lower-case
/// letters, digits and hyphens, the bucket 3 to 63 of them.
pub(super) fn split_bucket(element: &str) -> Option<(&str, &str)> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let (jurisdiction, bucket) = element.split_once('/')?;
    let fits =
        !jurisdiction.is_empty() && (3..=63).contains(&bucket.len()) && plain(jurisdiction) && plain(bucket);
    fits.then_some((jurisdiction, bucket))
}

/// Is this key said flat by users, and nested under its account on the wire of an account-owned token?
pub(super) fn nests_under_account(key: &str) -> bool {
    key == EVERY_ZONE || key == EVERY_R2_BUCKET || key.starts_with(WORKER_SCRIPT)
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
pub(super) fn is_hex32(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
