//! The binary in a root directory of its own, with nothing in it but `/dev` and `/tmp`. It takes Linux's user namespaces.

use std::path::{Path, PathBuf};
use std::process::Command;

use cloudflare_tokens::tf_provider::plugin::handshake::MAGIC_COOKIE;
use tempfile::TempDir;

use crate::archive::Released;
use crate::package::NAME;
use crate::simulator::{Options, Simulator};
use crate::support::host::HostCertificate;
use crate::support::stage::{SOURCE, write_config};
use crate::support::terraform::{Terraform, Workspace};

/// Enters a root directory, with `/dev` and the directory for temporary files in it at their usual places, so that the socket
/// has the same path inside and outside.
const ENTER: &str = r#"exec unshare --user --map-root-user --mount sh -c \
  'mount --rbind /dev "$0/dev" && mount --rbind "$1" "$0$1" && exec chroot "$0" /provider'"#;

/// A root directory with the provider in it.
pub(crate) struct Root {
    folder: TempDir,
}

impl Root {
    pub(crate) fn new() -> Root {
        let root = Root { folder: tempfile::tempdir().unwrap() };
        std::fs::copy(Released::unpack().binary(), root.path().join("provider")).unwrap();
        for folder in [Path::new("/dev"), &std::env::temp_dir()] {
            std::fs::create_dir_all(root.inside(folder)).unwrap();
        }
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where a path of the inside is.
    pub(crate) fn inside(&self, path: &Path) -> PathBuf {
        self.path().join(path.strip_prefix("/").unwrap())
    }

    /// Writes a file in it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.inside(Path::new(path));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }

    /// A workspace whose Terraform starts the provider in here.
    pub(crate) fn workspace(&self, bin: &Path) -> Workspace {
        let script = bin.join(NAME);
        let (root, temporary) = (self.path().display(), std::env::temp_dir());
        let text = format!("#!/bin/sh\n{ENTER} '{root}' '{}'\n", temporary.display());
        std::fs::write(&script, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&script, mode).unwrap();
        let mut tf = Terraform::find().workspace();
        tf.dev_override(SOURCE, bin);
        tf
    }
}

#[test]
fn it_serves_terraform_where_there_is_nothing_else() {
    let (root, bin) = (Root::new(), tempfile::tempdir().unwrap());
    let sim = Simulator::spawn(Options::default());
    let mut tf = root.workspace(bin.path());
    tf.env("CLOUDFLARE_API_TOKEN", sim.root_token());
    tf.env("CLOUDFLARE_ACCOUNT_ID", sim.account_id());
    tf.env("CLOUDFLARE_BASE_URL", sim.base_url());
    write_config(
        &tf,
        "resource \"cloudflare_account_api_token\" \"t\" {\n  policies = [{ permission_groups = [\"DNS Read\"], zones = [\"*\"] }]\n}\n",
    );
    tf.apply().success();
    assert_eq!(sim.tokens().len(), 1);
    tf.destroy().success();
    assert!(sim.tokens().is_empty());
}

/// Starts the provider in a root directory with these directories, by hand, and gives it a second.
fn started(folders: &[&str]) -> std::process::Output {
    let root = tempfile::tempdir().unwrap();
    std::fs::copy(Released::unpack().binary(), root.path().join("provider")).unwrap();
    for folder in folders {
        std::fs::create_dir(root.path().join(folder)).unwrap();
    }
    Command::new("timeout")
        .args(["1", "unshare", "--user", "--map-root-user", "chroot"])
        .arg(root.path())
        .arg("/provider")
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs([("TF_PLUGIN_MAGIC_COOKIE", MAGIC_COOKIE), ("PLUGIN_PROTOCOL_VERSIONS", "6")])
        .env("PLUGIN_CLIENT_CERT", HostCertificate::new().pem)
        .output()
        .unwrap()
}

#[test]
fn it_starts_without_dev_and_names_the_directory_that_it_cannot_do_without() {
    let output = started(&["tmp"]);
    let line = String::from_utf8_lossy(&output.stdout);
    assert!(line.starts_with("1|6|unix|/tmp/tfp-"), "{line}");

    let output = started(&[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot make a socket in /tmp") && said.contains("set TMPDIR"), "{said}");
}
