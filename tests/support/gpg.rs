//! OpenPGP keys to sign releases with, in a key ring that is made for a test and goes with it.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A key ring with one key that can sign.
pub struct Gpg {
    home: TempDir,
}

impl Gpg {
    /// With a new RSA key: the public registry takes no other kind but DSA.
    ///
    /// # Panics
    /// Where there is no `gpg`.
    pub fn new() -> Gpg {
        // Its agent listens on a socket in there, whose path must be short.
        let gpg = Gpg { home: tempfile::Builder::new().prefix("gpg").tempdir().unwrap() };
        let made = gpg
            .command("gpg")
            .args(["--batch", "--quiet", "--passphrase", "", "--quick-generate-key"])
            .args(["Tests <tests@example.com>", "rsa3072", "sign", "never"])
            .output();
        let fine = made.as_ref().is_ok_and(|output| output.status.success());
        assert!(fine, "no key to sign with: install GnuPG (gpg): {made:?}");
        gpg
    }

    /// Where the key ring is: what `GNUPGHOME` has to be.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The key's id as registries give it: the last 16 digits of its fingerprint.
    pub fn key_id(&self) -> String {
        let list = self.output(&["--list-keys", "--with-colons"]);
        let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap();
        let fingerprint = line.split(':').nth(9).unwrap();
        fingerprint[fingerprint.len() - 16..].to_owned()
    }

    /// The public key, armored.
    pub fn public_key(&self) -> String {
        self.output(&["--armor", "--export"])
    }

    fn output(&self, arguments: &[&str]) -> String {
        let output = self.command("gpg").args(["--batch", "--quiet"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("GNUPGHOME", self.home());
        command
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = self.command("gpgconf").args(["--kill", "all"]).output();
    }
}
