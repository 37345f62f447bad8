//! OpenPGP keys that sign releases. A Python stand-in for gpg creates the keys and signs, so the machine needs no
//! gpg.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::packages;

/// The stand-in for gpg. It uses Sequoia, an OpenPGP library.
const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/gpg.py");

/// A key that can sign, in its own folder.
pub struct Gpg {
    python: PathBuf,
    home: TempDir,
    fingerprint: String,
}

impl Gpg {
    /// Creates a new key.
    ///
    /// # Panics
    /// If the library cannot be installed.
    pub fn new() -> Self {
        let python = packages::python("openpgp", &["pysequoia==0.1.35"]);
        let mut gpg = Self { python, home: tempfile::tempdir().unwrap(), fingerprint: String::new() };
        let made = gpg.command().arg("make").output().unwrap();
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().clone_into(&mut gpg.fingerprint);
        gpg
    }

    /// The command that replaces gpg.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(STAND_IN).env("GNUPGHOME", self.home.path());
        command
    }

    /// The key's id in the form that registries use: the last 16 digits of the fingerprint.
    pub fn key_id(&self) -> String {
        self.fingerprint[self.fingerprint.len() - 16..].to_owned()
    }

    /// The public key, armored.
    pub fn public_key(&self) -> String {
        std::fs::read_to_string(self.home.path().join("public.asc")).unwrap()
    }
}
