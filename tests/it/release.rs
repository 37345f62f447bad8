//! The content of a release: archives, manifest, checksums, OCI layout and mirror, by the rules of the tools that
//! read them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::package::archive::sha256;
use crate::package::platform::{PLATFORMS, Platform};
use crate::package::{NAME, Release, VERSION, root};

/// A release of binaries with a few bytes each, in its own folder.
struct Made {
    folder: TempDir,
    release: Release,
}

fn make() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let binaries = PLATFORMS.iter().map(|platform| {
        let binary = folder.path().join(platform.target);
        fs::write(&binary, format!("the binary for {platform}")).unwrap();
        (*platform, binary)
    });
    let release = Release::pack(binaries.rev().collect(), &folder.path().join("release")).unwrap();
    Made { folder, release }
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn two_runs_in_two_folders_give_the_same_bytes() {
    let first = files(&make().release.folder);
    std::thread::sleep(std::time::Duration::from_millis(2100)); // a zip file counts in steps of two seconds
    let second = files(&make().release.folder);
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (path, bytes) in &first {
        assert!(second[path] == *bytes, "{} differs", path.display());
    }
}

#[test]
fn an_archive_has_the_binary_the_licence_and_the_readme() {
    let made = make();
    let names: Vec<_> = made.release.archives.iter().map(|a| a.file_name()).collect();
    let expected = ["darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64", "windows_amd64"];
    assert_eq!(names, expected.map(|platform| format!("{NAME}_{VERSION}_{platform}.zip")));
    for archive in &made.release.archives {
        let mut zip = zip::ZipArchive::new(fs::File::open(&archive.path).unwrap()).unwrap();
        let mut found = BTreeMap::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            found.insert(file.name().unwrap().into_owned(), (file.unix_mode().unwrap() & 0o777, content));
        }
        let binary = format!("the binary for {}", archive.platform).into_bytes();
        let document = |name: &str| (name.to_owned(), (0o644, fs::read(root().join(name)).unwrap()));
        let expected = BTreeMap::from([
            // On Windows, Terraform starts only a file with this name.
            (
                format!("{NAME}_v{VERSION}{}", if archive.platform.os == "windows" { ".exe" } else { "" }),
                (0o755, binary),
            ),
            document("LICENSE"),
            document("README.md"),
        ]);
        assert_eq!(found, expected);
    }
}

#[test]
fn the_checksums_are_of_every_archive_and_of_the_manifest() {
    let made = make();
    let folder = &made.release.folder;
    let text = fs::read_to_string(made.release.checksums()).unwrap();
    let lines: Vec<_> = text.lines().map(|line| line.split_once("  ").unwrap()).collect();
    assert_eq!(lines.len(), PLATFORMS.len() + 1);
    for (sum, name) in &lines {
        assert_eq!(*sum, sha256(&fs::read(folder.join(name)).unwrap()), "{name}");
    }
    let manifest = json(&made.release.manifest());
    assert_eq!(manifest, serde_json::json!({"version": 1, "metadata": {"protocol_versions": ["6.0"]}}));
    let manifest = format!("{NAME}_{VERSION}_manifest.json");
    assert!(lines.iter().any(|(_, name)| *name == manifest), "{text}");
}

fn json(file: &Path) -> Json {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The blob of a descriptor. Asserts that its size and digest match.
fn blob(layout: &Path, descriptor: &Json) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let content = fs::read(layout.join("blobs/sha256").join(digest)).unwrap();
    assert_eq!(sha256(&content), digest);
    assert_eq!(descriptor["size"], content.len());
    content
}

/// Follows the layout like OpenTofu, from the tag to the archive of a platform.
fn installed_from(layout: &Path, tag: &str, platform: Platform) -> Vec<u8> {
    let parse = |bytes: Vec<u8>| -> Json { serde_json::from_slice(&bytes).unwrap() };
    let the_one = |list: &Json, matches: &dyn Fn(&Json) -> bool| {
        let found: Vec<_> = list.as_array().unwrap().iter().filter(|item| matches(item)).cloned().collect();
        assert_eq!(found.len(), 1, "{list}");
        found[0].clone()
    };
    let (index_type, manifest_type) =
        ("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(json(&layout.join("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let tags = json(&layout.join("index.json"));
    let tagged =
        the_one(&tags["manifests"], &|item| item["annotations"]["org.opencontainers.image.ref.name"] == tag);
    assert_eq!(tagged["mediaType"], index_type);
    let index = parse(blob(layout, &tagged));
    assert_eq!(index["schemaVersion"], 2);
    assert_eq!(index["mediaType"], index_type);
    assert_eq!(index["artifactType"], "application/vnd.opentofu.provider");
    let descriptor = the_one(&index["manifests"], &|item| {
        item["artifactType"] == "application/vnd.opentofu.provider-target"
            && item["platform"] == serde_json::json!({"os": platform.os, "architecture": platform.arch})
    });
    assert_eq!(descriptor["mediaType"], manifest_type);
    let manifest = parse(blob(layout, &descriptor));
    assert_eq!(manifest["mediaType"], manifest_type);
    assert_eq!(manifest["artifactType"], descriptor["artifactType"]);
    assert_eq!(blob(layout, &manifest["config"]), b"{}");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["layers"][0]["mediaType"], "archive/zip");
    blob(layout, &manifest["layers"][0])
}

#[test]
fn the_oci_layout_leads_to_each_platforms_archive() {
    let made = make();
    for archive in &made.release.archives {
        let found = installed_from(&made.release.folder.join("oci"), VERSION, archive.platform);
        assert!(found == fs::read(&archive.path).unwrap(), "{}", archive.platform);
    }
}

#[test]
fn a_mirror_keeps_the_versions_that_it_has() {
    let made = make();
    let mirror = made.folder.path().join("mirror");
    for host in ["registry.terraform.io", "registry.opentofu.org"] {
        let folder = mirror.join(host).join("cloudflare-tokens/cloudflare-tokens");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("index.json"), r#"{"versions":{"0.0.1":{}}}"#).unwrap();
    }
    made.release.add_to_mirror(&mirror).unwrap();
    for host in ["registry.terraform.io", "registry.opentofu.org"] {
        let folder = mirror.join(host).join("cloudflare-tokens/cloudflare-tokens");
        let versions = json(&folder.join("index.json"));
        assert_eq!(versions, serde_json::json!({"versions": {"0.0.1": {}, VERSION: {}}}));
        let version = json(&folder.join(format!("{VERSION}.json")));
        for archive in &made.release.archives {
            let entry = &version["archives"][archive.platform.to_string()];
            let bytes = fs::read(folder.join(entry["url"].as_str().unwrap())).unwrap();
            assert_eq!(entry["hashes"], serde_json::json!([archive.h1, format!("zh:{}", sha256(&bytes))]));
        }
    }
}

#[test]
fn a_release_without_a_binary_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Release::pack(Vec::new(), folder.path()).unwrap_err();
    assert_eq!(error.to_string(), "there is no binary to pack");
}

#[test]
fn a_platform_is_found_by_either_name() {
    for platform in PLATFORMS {
        assert_eq!(Platform::find(&platform.to_string()), Some(platform));
        assert_eq!(Platform::find(platform.target), Some(platform));
    }
    assert_eq!(Platform::find("plan9_amd64"), None);
}
