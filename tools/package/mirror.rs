//! A mirror in a layout that works both as a filesystem mirror (packed) and as a network mirror. It has the archives,
//! and two JSON files that only the network mirror uses.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Archive, Result, VERSION, pretty, read, write};

/// The default hosts of Terraform and OpenTofu. A provider source without a host has one of them in its full address.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
/// The provider's address below a host.
const ADDRESS: &str = "cloudflare-tokens/cloudflare-tokens";

/// Adds archives of this version to a mirror. Other versions in the mirror stay.
pub(super) fn add(archives: &[Archive], mirror: &Path) -> Result<()> {
    for host in HOSTS {
        let folder = mirror.join(host).join(ADDRESS);
        let (index, version) = (folder.join("index.json"), folder.join(format!("{VERSION}.json")));
        let mut versions = object(&index, "versions")?;
        versions.insert(VERSION.to_owned(), json!({}));
        let mut platforms = object(&version, "archives")?;
        for archive in archives {
            let name = archive.file_name();
            write(&folder.join(&name), &read(&archive.path)?)?;
            let hashes = [archive.h1.clone(), format!("zh:{}", archive.sha256)];
            platforms.insert(archive.platform.to_string(), json!({"url": name, "hashes": hashes}));
        }
        write(&version, &pretty(&json!({"archives": platforms})))?;
        write(&index, &pretty(&json!({"versions": versions})))?;
    }
    Ok(())
}

/// The object under a key of a JSON file. It is empty if there is no file.
fn object(file: &Path, key: &str) -> Result<Map<String, Value>> {
    if !file.exists() {
        return Ok(Map::new());
    }
    let content: Value =
        serde_json::from_slice(&read(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(content[key].as_object().cloned().unwrap_or_default())
}
