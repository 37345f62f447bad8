//! Encrypts a token's value for a recipient who has the matching private key.
//!
//! An unusable key must be found before the token is made: afterwards the value would be lost.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use crypto_box::aead::{Aead, OsRng};
use crypto_box::{SalsaBox, SecretKey};
use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};

/// How a value is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// age (age-encryption.org), armored.
    Age,
    /// A sealed box of libsodium, in base64, as GitHub's secrets API takes it.
    Libsodium,
}

impl Format {
    /// The names of the formats.
    pub(crate) const ALL: &'static [&'static str] = &["age", "libsodium"];
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "age" => Ok(Self::Age),
            "libsodium" => Ok(Self::Libsodium),
            _ => Err(()),
        }
    }
}

/// The public key of a recipient.
pub(crate) enum Recipient {
    /// An age recipient, `age1…`.
    Age(Box<age::x25519::Recipient>),
    /// A Curve25519 public key.
    Libsodium(crypto_box::PublicKey),
}

impl Recipient {
    /// Reads a public key in the format's notation. `Err` is the end of a sentence whose subject is the key: what is wrong,
    /// and what to write.
    pub(crate) fn parse(format: Format, key: &str) -> Result<Self, &'static str> {
        let recipient = match format {
            _ if is_private(key) => {
                return Err("is a private key. Write the public one, and keep this one to yourself.");
            }
            Format::Age => age::x25519::Recipient::from_str(key).map(|r| Self::Age(Box::new(r))).map_err(|_| {
                "is not an age recipient: write the public key that age-keygen prints, which starts with age1."
            })?,
            Format::Libsodium => {
                let bytes = BASE64.decode(key.as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                let bytes = bytes.ok_or(
                    "is not a public key of libsodium: write the base64 of its 32 bytes, as GitHub's API gives the public \
                     key of a repository (`key` of /actions/secrets/public-key).",
                )?;
                Self::Libsodium(bytes.into())
            }
        };
        if recipient.is_usable() {
            Ok(recipient)
        } else {
            Err("is no key that anybody can have made: nothing can be sealed for it.")
        }
    }

    /// Whether a value that is sealed for this recipient stays secret.
    fn is_usable(&self) -> bool {
        if let Self::Libsodium(key) = self {
            // With a point of low order, all private keys agree on one of at most five shared keys, and everyone can
            // compute those. So among six private keys, two agree on the same shared key.
            let agreed = |_| {
                let shared = SalsaBox::new(key, &SecretKey::generate(&mut OsRng));
                shared.encrypt(&Default::default(), &b""[..]).ok()
            };
            if (0..6).map(agreed).collect::<BTreeSet<_>>().len() < 6 {
                return false;
            }
        }
        self.seal(&SecretString::from("trial")).is_some()
    }

    /// Encrypts the value for this recipient only. Each call gives another text. `None` if the system has no random
    /// numbers, or if the library panics on the key.
    pub(crate) fn seal(&self, value: &SecretString) -> Option<String> {
        let value = value.expose_secret().as_bytes();
        let seal = || match self {
            Self::Age(recipient) => age::encrypt_and_armor(recipient.as_ref(), value).ok(),
            Self::Libsodium(key) => key.seal(&mut OsRng, value).ok().map(|sealed| BASE64.encode(&sealed)),
        };
        catch_unwind(AssertUnwindSafe(seal)).ok().flatten()
    }
}

/// Whether the key is a private key by mistake: an age identity, a key file in PEM, or the 64 bytes of a secret key of
/// libsodium. Terraform shows the configuration line of an error, so the error about a private key must not point at the
/// key.
pub(crate) fn is_private(key: &str) -> bool {
    let words = key.to_ascii_uppercase();
    let is_long = BASE64.decode(key.trim().as_bytes()).is_ok_and(|bytes| bytes.len() == 64);
    words.contains("AGE-SECRET-KEY-") || words.contains("PRIVATE KEY-----") || is_long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_private_key_and_never_looks_the_same() {
        let value = SecretString::from("a value");
        let secret = crypto_box::SecretKey::generate(&mut OsRng);
        let key = BASE64.encode(secret.public_key().as_bytes());
        let recipient = Recipient::parse(Format::Libsodium, &key).unwrap_or_else(|e| panic!("{e}"));
        let (one, other) = (recipient.seal(&value).unwrap(), recipient.seal(&value).unwrap());
        assert_ne!(one, other);
        assert_eq!(secret.unseal(&BASE64.decode(one.as_bytes()).unwrap()).unwrap(), b"a value");

        let identity = age::x25519::Identity::generate();
        let recipient = Recipient::parse(Format::Age, &identity.to_public().to_string())
            .unwrap_or_else(|e| panic!("{e}"));
        let armored = recipient.seal(&value).unwrap();
        assert!(armored.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"), "{armored}");
        assert_eq!(age::decrypt(&identity, armored.as_bytes()).unwrap(), b"a value");
    }

    #[test]
    fn keys_of_another_kind_are_refused_with_what_would_be_right() {
        let fault = |format, key: &str| Recipient::parse(format, key).err().unwrap();
        assert!(fault(Format::Age, "ssh-ed25519 AAAA").contains("age-keygen"));
        let long = BASE64.encode(&[7; 64]);
        let age = ["AGE-SECRET-KEY-1QQ", " age-secret-key-1qq"];
        for private in age.into_iter().chain(["-----BEGIN OPENSSH PRIVATE KEY-----", &long]) {
            assert!(fault(Format::Age, private).contains("private key"), "{private}");
            assert!(fault(Format::Libsodium, private).contains("private key"), "{private}");
        }
        assert!(fault(Format::Libsodium, "c2hvcnQ=").contains("32 bytes"));
        assert!(fault(Format::Libsodium, "not base64!").contains("32 bytes"));
    }

    #[test]
    fn keys_that_make_no_secret_are_refused_before_anything_is_sealed_for_them() {
        // Points of low order on Curve25519.
        let small = |first: u8, last: u8, between: u8| {
            let mut point = [between; 32];
            (point[0], point[31]) = (first, last);
            point
        };
        let eight = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        let eight: Vec<u8> = data_encoding::HEXLOWER.decode(eight.as_bytes()).unwrap();
        let points = [small(0, 0, 0), small(1, 0, 0), small(0xec, 0x7f, 0xff), small(0xed, 0x7f, 0xff)];
        for point in points.iter().map(|point| &point[..]).chain([&eight[..]]) {
            let fault = Recipient::parse(Format::Libsodium, &BASE64.encode(point)).err().unwrap();
            assert!(fault.contains("nothing can be sealed"), "{fault}");
        }
        // The same for age: the point zero.
        let zero = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z";
        let parsed = age::x25519::Recipient::from_str(zero);
        assert!(parsed.is_ok(), "{parsed:?}");
        assert!(Recipient::parse(Format::Age, zero).err().unwrap().contains("nothing can be sealed"));
    }
}
