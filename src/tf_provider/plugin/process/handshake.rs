//! The handshake with go-plugin's host: who started the process, which protocol, and the one line on stdout.

use std::path::Path;

use data_encoding::BASE64_NOPAD;

use super::environment::Environment;

/// What Terraform and OpenTofu set to show that a provider was started by them. It is no secret.
pub const MAGIC_COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The version of go-plugin's handshake.
const CORE_PROTOCOL: u32 = 1;

/// The major version of Terraform's plugin protocol.
pub const PROTOCOL: u32 = 6;

/// Why there is no handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A person or a script started the process, and not Terraform.
    #[error("this is a plugin, and Terraform or OpenTofu has to start it")]
    NotStartedByTerraform,
    /// The host does not speak protocol 6.
    #[error("this provider speaks plugin protocol 6, which needs Terraform 1.0 or OpenTofu 1.6, or later")]
    ProtocolNotSpoken,
}

/// Checks that a host that speaks protocol 6 started the process.
///
/// # Errors
/// If the cookie is absent or wrong, or the host's versions do not have 6 among them.
pub fn check(environment: &Environment) -> Result<(), Refusal> {
    if environment.magic_cookie.as_deref() != Some(MAGIC_COOKIE) {
        return Err(Refusal::NotStartedByTerraform);
    }
    let spoken = environment.protocol_versions.as_deref().unwrap_or_default();
    let speaks = spoken.split(',').any(|version| version.trim().parse() == Ok(PROTOCOL));
    if speaks { Ok(()) } else { Err(Refusal::ProtocolNotSpoken) }
}

/// The line that tells the host where the plugin listens. `certificate` is the server's, as DER; without one there is
/// no TLS.
///
/// The certificate goes without padding: Go's decoder refuses it, so padding would fail two times out of three.
pub fn line(socket: &Path, certificate: Option<&[u8]>) -> String {
    let certificate = certificate.map(|der| BASE64_NOPAD.encode(der)).unwrap_or_default();
    format!("{CORE_PROTOCOL}|{PROTOCOL}|unix|{}|grpc|{certificate}", socket.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(cookie: Option<&str>, versions: Option<&str>) -> Environment {
        Environment {
            magic_cookie: cookie.map(str::to_owned),
            protocol_versions: versions.map(str::to_owned),
            ..Environment::default()
        }
    }

    #[test]
    fn only_the_cookie_opens() {
        let refused = Err(Refusal::NotStartedByTerraform);
        assert_eq!(check(&environment(None, Some("6"))), refused);
        assert_eq!(check(&environment(Some("d602"), Some("6"))), refused);
        assert_eq!(check(&environment(Some(MAGIC_COOKIE), Some("6"))), Ok(()));
    }

    #[test]
    fn the_host_may_list_its_protocols_in_any_order() {
        for versions in ["5,6", "6,5", "6"] {
            assert_eq!(check(&environment(Some(MAGIC_COOKIE), Some(versions))), Ok(()));
        }
        for versions in [None, Some("5"), Some("16"), Some("")] {
            assert_eq!(check(&environment(Some(MAGIC_COOKIE), versions)), Err(Refusal::ProtocolNotSpoken));
        }
    }

    #[test]
    fn the_certificate_has_no_padding_whatever_its_length() {
        for length in 100..106 {
            let der = vec![0xff; length];
            let line = line(Path::new("/tmp/x/s"), Some(&der));
            let encoded = line.strip_prefix("1|6|unix|/tmp/x/s|grpc|").unwrap();
            assert!(!encoded.contains('='));
            assert_eq!(BASE64_NOPAD.decode(encoded.as_bytes()).unwrap(), der);
        }
    }

    #[test]
    fn without_tls_the_last_field_is_empty() {
        assert_eq!(line(Path::new("/s"), None), "1|6|unix|/s|grpc|");
    }
}
