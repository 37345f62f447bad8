//! Makes a release from built binaries: an archive for each platform, the manifest, the checksums, their signature,
//! an OCI layout and a mirror. Every file depends only on the binaries and on the files of the repository. The time
//! and the place do not matter.
//!
//! This module does not know how binaries are built (`build.rs`) or who downloads them.

#![allow(unreachable_pub, reason = "`pub` marks what the command and the tests use; no crate can export it")]
#![allow(dead_code, reason = "the command and the tests use a part each")]

pub mod archive;
mod mirror;
mod oci;
pub mod platform;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use archive::Entry;
use platform::Platform;
use serde_json::json;

/// The repository's name. It is the start of every file name in a release.
pub const NAME: &str = env!("CARGO_PKG_NAME");
/// The version in Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The minor version of the plugin protocol in the manifest. Newer minor versions are compatible with it.
const PROTOCOL: &str = "6.0";
/// The files beside the binary in every archive.
const DOCUMENTS: [&str; 2] = ["LICENSE", "README.md"];

/// A result whose error is worded for the person who runs the command.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An archive of a release.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The platform of the binary.
    pub platform: Platform,
    /// The file.
    pub path: PathBuf,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// The hash of the content, for lock files.
    pub h1: String,
}

impl Archive {
    /// The file's name.
    pub fn file_name(&self) -> String {
        format!("{NAME}_{VERSION}_{}.zip", self.platform)
    }
}

/// A release in its folder.
#[derive(Debug)]
pub struct Release {
    /// The folder.
    pub folder: PathBuf,
    /// The archives, sorted by platform.
    pub archives: Vec<Archive>,
}

impl Release {
    /// Packs binaries into a folder: the archives, the manifest, the checksums, and the OCI layout in `oci/`. Creates
    /// the folder if it does not exist.
    ///
    /// # Errors
    /// If there is no binary, or a file cannot be read or written.
    pub fn pack(mut binaries: Vec<(Platform, PathBuf)>, folder: &Path) -> Result<Self> {
        binaries.sort();
        if binaries.is_empty() {
            return Err("there is no binary to pack".into());
        }
        fs::create_dir_all(folder).map_err(at(folder))?;
        let mut release = Self { folder: folder.to_owned(), archives: Vec::new() };
        for (platform, binary) in binaries {
            let mut archive =
                Archive { platform, path: PathBuf::new(), sha256: String::new(), h1: String::new() };
            archive.path = folder.join(archive.file_name());
            let entries = entries(platform, &binary)?;
            archive::pack(&entries, &archive.path)?;
            archive.sha256 = archive::sha256(&read(&archive.path)?);
            archive.h1 = archive::h1(&entries);
            release.archives.push(archive);
        }
        write(
            &release.manifest(),
            &pretty(&json!({
                "version": 1,
                "metadata": {"protocol_versions": [PROTOCOL]},
            })),
        )?;
        write(&release.checksums(), release.checksum_lines()?.as_bytes())?;
        oci::write(&release.archives, &folder.join("oci"))?;
        Ok(release)
    }

    /// The manifest. A registry reads the protocol version from it.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join(format!("{NAME}_{VERSION}_manifest.json"))
    }

    /// The checksums of the archives and of the manifest.
    pub fn checksums(&self) -> PathBuf {
        self.folder.join(format!("{NAME}_{VERSION}_SHA256SUMS"))
    }

    /// The signature of the checksums.
    pub fn signature(&self) -> PathBuf {
        self.folder.join(format!("{NAME}_{VERSION}_SHA256SUMS.sig"))
    }

    fn checksum_lines(&self) -> Result<String> {
        let manifest = self.manifest();
        let mut files: Vec<_> =
            self.archives.iter().map(|archive| (archive.file_name(), archive.sha256.clone())).collect();
        files.push((name_of(&manifest), archive::sha256(&read(&manifest)?)));
        files.sort();
        Ok(files.into_iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect())
    }

    /// Signs the checksums with this OpenPGP key from gpg's key ring. gpg asks for the passphrase, if the key has
    /// one.
    ///
    /// # Errors
    /// If there is no `gpg`, or gpg fails.
    pub fn sign(&self, key: &str) -> Result<()> {
        self.sign_by(Command::new("gpg"), key)
    }

    /// Signs the checksums with this `gpg` command.
    ///
    /// # Errors
    /// If the command does not start, or it fails.
    pub fn sign_by(&self, mut gpg: Command, key: &str) -> Result<()> {
        gpg.args(["--batch", "--yes", "--quiet", "--local-user", key, "--detach-sign", "--output"]);
        gpg.arg(self.signature()).arg(self.checksums());
        let status = gpg.status().map_err(|error| format!("gpg, which signs, cannot be started: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("gpg did not sign with {key}: {status}").into()) }
    }

    /// Adds the release to a mirror. The folder works as a packed filesystem mirror and, behind an HTTPS server, as a
    /// network mirror.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn add_to_mirror(&self, mirror: &Path) -> Result<()> {
        mirror::add(&self.archives, mirror)
    }
}

/// The files in an archive.
fn entries(platform: Platform, binary: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for name in DOCUMENTS {
        entries.push(Entry { name: name.to_owned(), content: read(&root().join(name))?, executable: false });
    }
    let name = platform.program(&format!("{NAME}_v{VERSION}"));
    entries.push(Entry { name, content: read(binary)?, executable: true });
    Ok(entries)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    Ok(fs::read(path).map_err(at(path))?)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    Ok(fs::write(path, content).map_err(at(path))?)
}

/// Adds the path to an error.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn pretty(value: &serde_json::Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}
