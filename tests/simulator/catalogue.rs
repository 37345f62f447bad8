//! The permission groups: a snapshot of Cloudflare's catalogue, and the similar catalogue of member roles.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::envelope::Reply;

const SNAPSHOT: &str = include_str!("../../data/permission_groups.json");

/// The scope of groups on an account.
pub const ACCOUNT: &str = "com.cloudflare.api.account";
/// The scope of groups on a zone.
pub const ZONE: &str = "com.cloudflare.api.account.zone";
/// The scope of groups on a user.
pub const USER: &str = "com.cloudflare.api.user";
/// The scope of groups on an R2 bucket.
pub const BUCKET: &str = "com.cloudflare.edge.r2.bucket";
/// The scope of groups on a Worker.
pub const WORKER: &str = "com.cloudflare.edge.worker.script";

/// The groups for single Workers. They are newer than the snapshot.
const WORKER_GROUPS: [&str; 4] = [
    "Individual Workers Admin",
    "Individual Workers Content Read-Only",
    "Individual Workers Editor",
    "Individual Workers Metadata Read-Only",
];

/// A permission group.
#[derive(Clone, Debug, Deserialize)]
pub struct Group {
    /// 32 hex digits.
    pub id: String,
    /// Not unique: some names belong both to a group for accounts and to one for zones.
    pub name: String,
    /// The kinds of resources that the group can be granted on.
    pub scopes: Vec<String>,
}

/// The permission groups as they are now, and the rights that they had at the start. A renamed or retired group still
/// grants its rights.
pub struct Catalogue {
    /// The groups that the API lists. Tests may rename, add and remove groups.
    pub groups: Vec<Group>,
    seed: Vec<Group>,
}

impl Catalogue {
    /// The snapshot.
    ///
    /// # Panics
    /// If the embedded snapshot is broken.
    pub fn new() -> Self {
        let mut groups: Vec<Group> = serde_json::from_str(SNAPSHOT).expect("the snapshot is valid JSON");
        // The real ids of these groups are not public.
        groups.extend(WORKER_GROUPS.iter().map(|name| Group {
            id: hex(&Sha256::digest(format!("permission group {name}"))[..16]),
            name: (*name).to_owned(),
            scopes: vec![WORKER.to_owned()],
        }));
        groups.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        Self { seed: groups.clone(), groups }
    }

    /// Finds a listed group by id.
    pub fn get(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Finds a listed group by name and scope.
    pub fn named(&self, name: &str, scope: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.name == name && g.scopes.iter().any(|s| s == scope))
    }

    /// The id of the group that grants a right.
    ///
    /// # Panics
    /// If the snapshot has no such group.
    pub fn right(&self, name: &str, scope: &str) -> &str {
        let found = self.seed.iter().find(|g| g.name == name && g.scopes.iter().any(|s| s == scope));
        &found.expect("the snapshot has the groups that the simulator enforces").id
    }

    /// `GET …/tokens/permission_groups`. The list is not paged. Both filters match exactly. A filter without a match
    /// gives an empty list. A filtered answer has a `result_info` that describes one page.
    pub fn list(&self, for_user: bool, query: &[(String, String)]) -> Reply {
        let wanted = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let (name, scope) = (wanted("name"), wanted("scope"));
        let found: Vec<Value> = self
            .groups
            .iter()
            .filter(|g| for_user || g.scopes.iter().any(|s| s != USER))
            .filter(|g| name.is_none_or(|n| g.name == n))
            .filter(|g| scope.is_none_or(|wanted| g.scopes.iter().any(|s| s == wanted)))
            .map(|g| json!({"id": g.id, "name": g.name, "scopes": g.scopes}))
            .collect();
        let count = found.len();
        let info = match (name, scope) {
            (None, None) => Value::Null,
            _ => json!({"count": count, "page": 1, "per_page": count, "total_count": count}),
        };
        Reply::ok(Value::Array(found)).with_info(info)
    }

    /// `GET /accounts/{a}/iam/permission_groups`: the groups of member roles. They have the same names but other ids,
    /// and a token cannot have them.
    pub fn list_roles(&self) -> Reply {
        let roles: Vec<Value> = self
            .groups
            .iter()
            .filter(|g| g.scopes.iter().any(|s| s == ACCOUNT))
            .map(|g| json!({"id": role_id(&g.id), "name": g.name, "meta": {"scopes": ACCOUNT}}))
            .collect();
        let info =
            json!({"count": roles.len(), "page": 1, "per_page": roles.len(), "total_count": roles.len()});
        Reply::ok(Value::Array(roles)).with_info(info)
    }
}

fn role_id(group: &str) -> String {
    hex(&Sha256::digest(format!("member role {group}"))[..16])
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
