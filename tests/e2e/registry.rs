//! Installs the provider like users do: `init` from a registry with a signature, from a network mirror, and from a
//! filesystem mirror. `init` refuses tampered files.
//!
//! The packages are those of a release (`cargo run --example package`), with the binary under test.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::package::archive::Entry;
use crate::package::platform::Platform;
use crate::package::{Archive, NAME, Release, VERSION};
use crate::support::gpg::Gpg;
use crate::support::https::Https;
use crate::support::stage::{BINARY, SOURCE, Stage};
use crate::support::terraform::{Terraform, Workspace};

/// The path at which the registry serves providers.
const PROVIDERS: &str = "/v1/providers/";
/// The path at which the registry serves the files of the release.
const FILES: &str = "/files";

/// The release of the binary under test, for this machine's platform. It is packed once, because a debug binary is
/// large.
fn release() -> &'static Release {
    static PACKED: OnceLock<Release> = OnceLock::new();
    PACKED.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("release");
        let _ = std::fs::remove_dir_all(&folder);
        Release::pack(vec![(platform(), BINARY.into())], &folder).expect("it packs")
    })
}

fn platform() -> Platform {
    Platform::here().expect("releases are built for this platform")
}

/// The only archive of the release.
fn archive() -> &'static Archive {
    &release().archives[0]
}

/// A mirror with the release.
fn mirror() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    release().add_to_mirror(folder.path()).unwrap();
    folder
}

/// An archive with other content.
fn another_archive() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.zip");
    let entry = Entry { name: format!("{NAME}_v{VERSION}"), content: b"other".to_vec(), executable: true };
    crate::package::archive::pack(&[entry], &file).unwrap();
    std::fs::read(file).unwrap()
}

/// A registry with the signed release, and a stage whose configuration uses the provider from it.
struct Registry {
    server: Https,
    key: Gpg,
    stage: Stage,
}

impl Registry {
    fn new() -> Self {
        let (server, key) = (Https::new("localhost"), Gpg::new());
        server.put("/.well-known/terraform.json", json!({"providers.v1": PROVIDERS}).to_string());
        let platform = platform();
        let versions = json!({"versions": [{
            "version": VERSION,
            "protocols": ["6.0"],
            "platforms": [{"os": platform.os, "arch": platform.arch}],
        }]});
        server.put(&format!("{PROVIDERS}{SOURCE}/versions"), versions.to_string());
        server.put_folder(FILES, &release().folder);
        let sums = format!("{FILES}/{NAME}_{VERSION}_SHA256SUMS");
        server.put(&format!("{sums}.sig"), signature(&key));
        let download = json!({
            "protocols": ["6.0"],
            "os": platform.os,
            "arch": platform.arch,
            "filename": archive().file_name(),
            "download_url": format!("{FILES}/{}", archive().file_name()),
            "shasums_url": sums,
            "shasums_signature_url": format!("{sums}.sig"),
            "shasum": archive().sha256,
            "signing_keys": {"gpg_public_keys": [{"key_id": key.key_id(), "ascii_armor": key.public_key()}]},
        });
        server.put(&download_path(platform), download.to_string());

        let mut stage = Stage::new();
        installs_from(&mut stage.tf, &format!("{}/{SOURCE}", server.host()), "");
        stage.tf.env("SSL_CERT_FILE", server.ca());
        Self { server, key, stage }
    }

    /// Changes the registry's description of the package.
    fn change_download(&self, change: impl FnOnce(&mut Json)) {
        self.server.change(&download_path(platform()), |bytes| {
            let mut download = serde_json::from_slice(bytes).unwrap();
            change(&mut download);
            *bytes = download.to_string().into_bytes();
        });
    }
}

fn download_path(platform: Platform) -> String {
    format!("{PROVIDERS}{SOURCE}/{VERSION}/download/{}/{}", platform.os, platform.arch)
}

/// The signature of the checksums. The code of a release makes it.
fn signature(key: &Gpg) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let signed = Release { folder: folder.path().to_owned(), archives: Vec::new() };
    std::fs::copy(release().checksums(), signed.checksums()).unwrap();
    signed.sign_by(key.command(), &key.key_id()).expect("it signs");
    std::fs::read(signed.signature()).unwrap()
}

/// Uses the provider from this source, with this CLI configuration and without a dev override.
fn installs_from(tf: &mut Workspace, source: &str, cli: &str) {
    tf.write("cli.tfrc", cli);
    tf.write(
        "main.tf",
        &format!(
            "terraform {{\n  required_providers {{\n    cloudflare = {{\n      source  = \"{source}\"\n      \
             version = \"{VERSION}\"\n    }}\n  }}\n}}\n\
             resource \"cloudflare_account_api_token\" \"t\" {{\n  name = \"installed\"\n}}\n"
        ),
    );
}

/// The content of the lock file.
fn lock(tf: &Workspace) -> String {
    std::fs::read_to_string(tf.path().join(".terraform.lock.hcl")).unwrap()
}

#[track_caller]
fn plans(tf: &Workspace) {
    tf.plan().success().says("Plan: 1 to add, 0 to change, 0 to destroy.");
}

#[test]
fn init_installs_from_a_registry_and_checks_the_signature() {
    let registry = Registry::new();
    let tf = &registry.stage.tf;
    let installed = format!("Installed {}/{SOURCE} v{VERSION}", registry.server.host());
    tf.init().success().says(&installed).says(&format!("self-signed, key ID {}", registry.key.key_id()));
    let archive = archive();
    let lock = lock(tf);
    assert!(lock.contains(&format!("\"zh:{}\"", archive.sha256)), "{lock}");
    assert!(lock.contains(&format!("\"{}\"", archive.h1)), "{lock}");
    plans(tf);
    tf.apply().success();
    tf.run(&["init", "-lockfile=readonly"]).success();
    tf.destroy().success();
}

#[test]
fn a_package_that_was_tampered_with_is_refused() {
    let registry = Registry::new();
    registry.server.change(&format!("{FILES}/{}", archive().file_name()), |bytes| {
        let last = bytes.len() / 2;
        bytes[last] ^= 1;
    });
    registry.stage.tf.init().failure("archive has incorrect checksum");
}

#[test]
fn a_checksum_that_is_not_the_signed_one_is_refused() {
    let registry = Registry::new();
    registry.change_download(|download| download["shasum"] = "0".repeat(64).into());
    registry.stage.tf.init().failure("checksum");
}

#[test]
fn checksums_that_were_changed_after_signing_are_refused() {
    let registry = Registry::new();
    let sums = format!("{FILES}/{NAME}_{VERSION}_SHA256SUMS");
    registry.server.change(&sums, |bytes| bytes.extend_from_slice(b"\n"));
    registry.stage.tf.init().failure("signature");
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let registry = Registry::new();
    registry.server.put(&format!("{FILES}/{NAME}_{VERSION}_SHA256SUMS.sig"), signature(&Gpg::new()));
    registry.stage.tf.init().failure("signature");
}

#[test]
fn init_installs_from_a_network_mirror_and_refuses_what_was_tampered_with() {
    let (mirror, server) = (mirror(), Https::new("localhost"));
    server.put_folder("/mirror", mirror.path());
    let cli = format!(
        "provider_installation {{\n  network_mirror {{\n    url = \"https://{}/mirror/\"\n  }}\n}}\n",
        server.host()
    );
    let mut stage = Stage::new();
    stage.tf.env("SSL_CERT_FILE", server.ca());
    installs_from(&mut stage.tf, SOURCE, &cli);
    stage.tf.init().success().says(&format!("{SOURCE} v{VERSION} (verified checksum)"));
    assert!(lock(&stage.tf).contains(&archive().h1));
    plans(&stage.tf);

    let registry = Terraform::find().registry();
    server.put(&format!("/mirror/{registry}/{SOURCE}/{}", archive().file_name()), another_archive());
    let mut other = stage.other();
    other.env("SSL_CERT_FILE", server.ca());
    installs_from(&mut other, SOURCE, &cli);
    other.init().failure("checksum");
}

#[test]
fn init_installs_from_a_packed_filesystem_mirror_and_heeds_the_lock_file() {
    let mirror = mirror();
    let cli = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {}\n  }}\n}}\n",
        json!(mirror.path())
    );
    let mut stage = Stage::new();
    installs_from(&mut stage.tf, SOURCE, &cli);
    stage.tf.init().success().says(&format!("Installed {SOURCE} v{VERSION} (unauthenticated)"));
    assert!(lock(&stage.tf).contains(&archive().h1));
    plans(&stage.tf);

    // Somebody else committed the lock file, and the package here differs.
    let locked = lock(&stage.tf).replace(&archive().h1, &format!("h1:{}=", "A".repeat(43)));
    let mut other = stage.other();
    installs_from(&mut other, SOURCE, &cli);
    other.write(".terraform.lock.hcl", &locked);
    other.init().failure("checksums");
}

#[test]
fn the_plugins_folder_of_the_home_directory_is_a_mirror_by_itself() {
    let mut stage = Stage::new();
    let plugins = stage.tf.path().join(".terraform.d/plugins");
    release().add_to_mirror(&plugins).unwrap();
    installs_from(&mut stage.tf, SOURCE, "");
    stage.tf.init().success().says(&format!("Installed {SOURCE} v{VERSION}"));
    plans(&stage.tf);
}
