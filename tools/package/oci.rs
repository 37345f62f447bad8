//! The release as an OCI image layout. OpenTofu installs from it once a container registry has it (`oci_mirror`).
//!
//! The tag names an index of artifact type `application/vnd.opentofu.provider`. The index has an image manifest for
//! each platform, of artifact type `application/vnd.opentofu.provider-target`. Its single layer is the archive.
//! Source of the rules: OpenTofu's documentation, "Provider Mirrors in OCI Registries".

use std::path::Path;

use serde_json::{Value, json};

use super::{Archive, Result, VERSION, archive, pretty, read, write as write_file};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const ARCHIVE: &str = "archive/zip";
const PROVIDER: &str = "application/vnd.opentofu.provider";
const PROVIDER_TARGET: &str = "application/vnd.opentofu.provider-target";

/// Writes the layout to a folder.
pub(super) fn write(archives: &[Archive], folder: &Path) -> Result<()> {
    write_file(&folder.join("oci-layout"), &pretty(&json!({"imageLayoutVersion": "1.0.0"})))?;
    let mut manifests = Vec::new();
    for archive in archives {
        let mut layer = blob(folder, ARCHIVE, &read(&archive.path)?)?;
        layer["annotations"] = json!({"org.opencontainers.image.title": archive.file_name()});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": PROVIDER_TARGET,
            // An artifact has no configuration, so this is the empty one of the specification.
            "config": blob(folder, EMPTY, b"{}")?,
            "layers": [layer],
        });
        let mut descriptor = blob(folder, MANIFEST, &pretty(&manifest))?;
        descriptor["artifactType"] = PROVIDER_TARGET.into();
        descriptor["platform"] = json!({"os": archive.platform.os, "architecture": archive.platform.arch});
        manifests.push(descriptor);
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "artifactType": PROVIDER,
        "manifests": manifests,
    });
    let mut tagged = blob(folder, INDEX, &pretty(&index))?;
    tagged["artifactType"] = PROVIDER.into();
    tagged["annotations"] = json!({"org.opencontainers.image.ref.name": tag(VERSION)});
    let layout = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [tagged]});
    write_file(&folder.join("index.json"), &pretty(&layout))
}

/// Writes a blob, and returns its descriptor.
fn blob(folder: &Path, media_type: &str, content: &[u8]) -> Result<Value> {
    let sum = archive::sha256(content);
    write_file(&folder.join("blobs/sha256").join(&sum), content)?;
    Ok(json!({"mediaType": media_type, "digest": format!("sha256:{sum}"), "size": content.len()}))
}

/// The tag of a version. A tag must not contain `+`.
pub(super) fn tag(version: &str) -> String {
    version.replace('+', "_")
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_tag_has_no_plus_sign() {
        assert_eq!(tag("1.2.3"), "1.2.3");
        assert_eq!(tag("1.2.3+build"), "1.2.3_build");
    }
}
