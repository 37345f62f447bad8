//! The API's answers. Reading is tolerant if a write cannot do harm: unknown fields are ignored, unknown enum strings are
//! kept, and `null` reads as absent. What a write replaces must be present: an answer without `policies` does not mean a
//! token without policies, and a write based on it would erase them. What must survive a read and a write (such as a
//! condition of an unknown kind) is kept completely.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// An API token as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Token {
    /// 32 hex digits.
    pub id: String,
    /// Not unique: the API accepts duplicates. A write replaces it.
    pub name: String,
    /// `active`, `disabled`, `expired`, `revoked (exposed)`, or another status. Empty if the API gave none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
    /// When the token was made.
    #[serde(default, deserialize_with = "timestamp")]
    pub issued_on: Option<OffsetDateTime>,
    /// When it was last written or rolled.
    #[serde(default, deserialize_with = "timestamp")]
    pub modified_on: Option<OffsetDateTime>,
    /// When it was last used. It changes by itself.
    #[serde(default, deserialize_with = "timestamp")]
    pub last_used_on: Option<OffsetDateTime>,
    /// When it stops working.
    #[serde(default, deserialize_with = "timestamp")]
    pub expires_on: Option<OffsetDateTime>,
    /// When it begins to work.
    #[serde(default, deserialize_with = "timestamp")]
    pub not_before: Option<OffsetDateTime>,
    /// Where it can be used from.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// The order means nothing. A write replaces all of them.
    pub policies: Vec<TokenPolicy>,
    /// The secret. Only the answer to a create has it.
    #[serde(default)]
    pub value: Option<SecretString>,
}

/// One policy of a token.
///
/// It serialises without its `id`, which the API refuses on create, and with only the ids of permission groups.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TokenPolicy {
    /// The API gives a new one at each write. Never sent.
    #[serde(default, skip_serializing)]
    pub id: Option<String>,
    /// `allow` or `deny`.
    pub effect: String,
    /// The rights; the API returns them in an order of its own.
    pub permission_groups: Vec<PermissionGroupRef>,
    /// What they apply to: `{key: "*"}` or `{key: {key: "*"}}`, mixed.
    #[serde(deserialize_with = "not_null")]
    pub resources: serde_json::Value,
    /// Fields that this client does not know. They are kept, so that a write does not widen the policy.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// A permission group as a policy refers to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PermissionGroupRef {
    /// 32 hex digits.
    pub id: String,
    /// From the API, never sent.
    #[serde(default, skip_serializing)]
    pub name: Option<String>,
}

/// Where a token can be used from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "WireCondition")]
pub struct Condition {
    /// The addresses that the request may come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_ip: Option<RequestIp>,
    /// Conditions that this client does not know. They are kept, so that a write does not widen the token.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl Condition {
    /// Whether it has no restriction and no side, not even an empty one. As `{}` it locks the token out, so it is sent only
    /// if it was read.
    pub fn is_empty(&self) -> bool {
        self.other.is_empty() && self.request_ip.as_ref().is_none_or(RequestIp::is_empty)
    }

    /// This condition changed to `wanted`. Restrictions that this client does not know stay, and empty sides are left out.
    /// `None` if nothing remains.
    pub fn replaced_by(self, wanted: Option<Self>) -> Option<Self> {
        let wanted = wanted.unwrap_or_default();
        let mut ip = wanted.request_ip.unwrap_or_default().trimmed();
        let asked = std::mem::replace(&mut ip.other, self.request_ip.unwrap_or_default().other);
        ip.other.extend(asked);
        let mut other = self.other;
        other.extend(wanted.other);
        let merged = Self { request_ip: (!ip.is_empty()).then_some(ip), other };
        (!merged.is_empty()).then_some(merged)
    }
}

/// Both spellings of the key: `request_ip` is today's, `request.ip` the one before November 2024.
#[derive(Deserialize)]
struct WireCondition {
    #[serde(default)]
    request_ip: Option<RequestIp>,
    #[serde(default, rename = "request.ip")]
    legacy_request_ip: Option<RequestIp>,
    #[serde(flatten)]
    other: serde_json::Map<String, serde_json::Value>,
}

impl From<WireCondition> for Condition {
    fn from(wire: WireCondition) -> Self {
        Self { request_ip: wire.request_ip.or(wire.legacy_request_ip), other: wire.other }
    }
}

/// Addresses and CIDR blocks. An empty side that was *read* is kept apart from an absent one, because an empty `in`
/// denies everything: writing it back as absent would open the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct RequestIp {
    /// Requests are allowed only from these.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<String>>,
    /// Requests are refused from these, even if `allowed` has them.
    #[serde(default, rename = "not_in", skip_serializing_if = "Option::is_none")]
    pub denied: Option<Vec<String>>,
    /// Fields that this client does not know. They are kept, so that a write does not widen the token.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl RequestIp {
    /// Makes it from two lists.
    pub fn new(allowed: Vec<String>, denied: Vec<String>) -> Self {
        let side = |list: Vec<String>| (!list.is_empty()).then_some(list);
        Self { allowed: side(allowed), denied: side(denied), other: Default::default() }
    }

    fn is_empty(&self) -> bool {
        self.allowed.is_none() && self.denied.is_none() && self.other.is_empty()
    }

    /// Without its empty sides.
    pub(super) fn trimmed(self) -> Self {
        let Self { allowed, denied, other } = self;
        Self { other, ..Self::new(allowed.unwrap_or_default(), denied.unwrap_or_default()) }
    }
}

/// A permission group of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PermissionGroup {
    /// 32 hex digits.
    pub id: String,
    /// Not unique across scopes.
    pub name: String,
    /// Its scopes, such as `com.cloudflare.api.account`: an open list.
    #[serde(default, deserialize_with = "null_as_default")]
    pub scopes: Vec<String>,
    /// What it allows.
    #[serde(default)]
    pub description: Option<String>,
    /// Its category in the dashboard.
    #[serde(default)]
    pub category: Option<String>,
    /// Whether it can be put into a token.
    #[serde(default)]
    pub is_selectable: Option<bool>,
    /// More attributes, all of them strings. Not every endpoint does.
    #[serde(default, deserialize_with = "null_as_default")]
    pub meta: serde_json::Map<String, serde_json::Value>,
}

impl PermissionGroup {
    /// Whether Cloudflare says that it retires the group, or when.
    pub fn is_deprecated(&self) -> bool {
        let meta = |key| self.meta.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        meta("deprecated") == "true" || !meta("eol_at").is_empty()
    }
}

/// The API's answer to a verification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Verification {
    /// The id of the token that the client authenticates with.
    pub id: String,
    /// As [`Token::status`].
    pub status: String,
    /// When it stops working.
    #[serde(default, deserialize_with = "timestamp")]
    pub expires_on: Option<OffsetDateTime>,
    /// When it begins to work.
    #[serde(default, deserialize_with = "timestamp")]
    pub not_before: Option<OffsetDateTime>,
}

/// A zone, with the attributes that show its account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Zone {
    /// 32 hex digits.
    pub id: String,
    /// The account that has it.
    pub account: ZoneAccount,
}

/// The account of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ZoneAccount {
    /// 32 hex digits.
    pub id: String,
}

/// A Worker, as the list of an account's scripts has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Worker {
    /// Its name, which can change.
    pub id: String,
    /// Its identity, which never changes.
    #[serde(default)]
    pub tag: Option<String>,
}

/// A Worker's secret: its value can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkerSecret {
    /// The binding's name.
    pub name: String,
    /// `secret_text` or `secret_key`.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: String,
}

/// The answer to edits of a Worker's secrets: the secrets that it names, or `None` where it names none in a known form.
///
/// It is documented as a map by the names of the resulting secrets. Whether those that were not edited are in it is not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<WireEdited>")]
pub struct EditedSecrets(pub Option<Vec<WorkerSecret>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum WireEdited {
    Map(BTreeMap<String, Option<SecretKind>>),
    List(Vec<WorkerSecret>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct SecretKind {
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    kind: String,
}

impl From<Option<WireEdited>> for EditedSecrets {
    fn from(wire: Option<WireEdited>) -> Self {
        Self(match wire {
            Some(WireEdited::Map(secrets)) => {
                let named = |(name, secret): (String, Option<SecretKind>)| {
                    secret.map(|SecretKind { kind }| WorkerSecret { name, kind })
                };
                Some(secrets.into_iter().filter_map(named).collect())
            }
            Some(WireEdited::List(secrets)) => Some(secrets),
            Some(WireEdited::Other(_)) | None => None,
        })
    }
}

/// Reads `null` as the type's default.
pub(super) fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads anything but `null`.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<serde_json::Value, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    if value.is_null() { Err(serde::de::Error::custom("null")) } else { Ok(value) }
}

/// Reads RFC 3339. `null` and the empty string give `None`. Anything else is an error: to read an expiry as "never" would
/// be worse than to fail.
fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => OffsetDateTime::parse(text, &Rfc3339)
            .map(Some)
            .map_err(|_| serde::de::Error::custom("not an RFC 3339 timestamp")),
    }
}

/// A timestamp as the API takes it: UTC, whole seconds.
pub(super) fn wire_timestamp(at: OffsetDateTime) -> Option<String> {
    at.checked_to_offset(UtcOffset::UTC)?.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn token(json: serde_json::Value) -> Token {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_token_with_nothing_but_what_a_write_replaces_is_read() {
        let token = token(json!({"id": "a", "name": "", "policies": []}));
        assert_eq!((token.id.as_str(), token.status.as_str()), ("a", ""));
        assert!(token.expires_on.is_none() && token.condition.is_none() && token.policies.is_empty());
    }

    #[test]
    fn nulls_unknown_fields_and_unknown_statuses_are_tolerated() {
        let token = token(json!({
            "id": "a", "name": "n", "status": "revoked (exposed)", "expires_on": null, "last_used_on": "",
            "policies": [], "condition": null, "surprise": {"x": 1}
        }));
        assert_eq!(token.status, "revoked (exposed)");
        assert!(token.last_used_on.is_none());
    }

    #[test]
    fn a_timestamp_that_is_none_is_refused_rather_than_read_as_never() {
        assert!(serde_json::from_value::<Token>(json!({"id": "a", "expires_on": "soon"})).is_err());
    }

    #[test]
    fn both_spellings_of_the_ip_condition_are_read_and_the_new_one_is_sent() {
        for key in ["request_ip", "request.ip"] {
            let condition: Condition =
                serde_json::from_value(json!({key: {"in": ["192.0.2.0/24"], "not_in": null}})).unwrap();
            assert_eq!(condition.request_ip, Some(RequestIp::new(vec!["192.0.2.0/24".into()], vec![])));
            let sent = serde_json::to_value(&condition).unwrap();
            assert_eq!(sent, json!({"request_ip": {"in": ["192.0.2.0/24"]}}));
        }
    }

    #[test]
    fn a_condition_of_an_unknown_kind_and_an_empty_side_survive_a_write_back() {
        let stored = json!({"request_ip": {"in": [], "asn": [1]}, "request.country": {"in": ["NZ"]}});
        let condition: Condition = serde_json::from_value(stored.clone()).unwrap();
        assert!(!condition.is_empty());
        assert_eq!(serde_json::to_value(&condition).unwrap(), stored);
    }

    #[test]
    fn a_condition_is_replaced_but_for_what_is_unknown() {
        let read = |json| serde_json::from_value::<Condition>(json).unwrap();
        let theirs =
            read(json!({"request_ip": {"in": ["192.0.2.1"], "asn": [1]}, "request.country": ["NZ"]}));
        let ours = read(json!({"request_ip": {"not_in": ["192.0.2.7"]}}));
        let both = json!({"request_ip": {"not_in": ["192.0.2.7"], "asn": [1]}, "request.country": ["NZ"]});
        assert_eq!(theirs.clone().replaced_by(Some(ours.clone())), Some(read(both)));
        let cleared = json!({"request_ip": {"asn": [1]}, "request.country": ["NZ"]});
        assert_eq!(theirs.replaced_by(None), Some(read(cleared)));
        assert_eq!(ours.replaced_by(None), None);
        assert_eq!(read(json!({})).replaced_by(Some(read(json!({"request_ip": {"in": []}})))), None);
    }

    #[test]
    fn a_policy_is_sent_with_unknown_fields_and_without_ids_and_names() {
        let policy: TokenPolicy = serde_json::from_value(json!({
            "id": "p", "effect": "allow", "resources": {"com.cloudflare.api.account.a": "*"}, "only_until": "noon",
            "permission_groups": [{"id": "g", "name": "Workers R2 Storage Read", "meta": {"key": "x"}}]
        }))
        .unwrap();
        let sent = json!({
            "effect": "allow", "resources": {"com.cloudflare.api.account.a": "*"}, "permission_groups": [{"id": "g"}],
            "only_until": "noon"
        });
        assert_eq!(serde_json::to_value(&policy).unwrap(), sent);
    }

    #[test]
    fn a_group_is_deprecated_where_its_meta_says_so() {
        let meta = [
            (json!({"deprecated": "true"}), true),
            (json!({"deprecated": "false", "eol_at": "2027-01-01T00:00:00Z"}), true),
            (json!({"deprecated": "false", "eol_at": ""}), false),
            (json!(null), false),
        ];
        for (meta, deprecated) in meta {
            let group = json!({"id": "g", "name": "Zaraz Edit", "meta": meta});
            let group: PermissionGroup = serde_json::from_value(group).unwrap();
            assert_eq!(group.is_deprecated(), deprecated, "{meta}");
        }
    }

    #[test]
    fn a_value_is_never_in_the_debug_output() {
        let token = token(json!({"id": "a", "name": "n", "policies": [], "value": "a-value-to-hide"}));
        assert_eq!(token.value.as_ref().map(|value| value.expose_secret()), Some("a-value-to-hide"));
        assert!(!format!("{token:?}").contains("a-value-to-hide"));
    }

    #[test]
    fn timestamps_are_sent_in_utc_without_a_fraction() {
        let at = OffsetDateTime::parse("2026-01-02T03:04:05.678+02:00", &Rfc3339).unwrap();
        assert_eq!(wire_timestamp(at).as_deref(), Some("2026-01-02T01:04:05Z"));
    }
}
