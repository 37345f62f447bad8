//! The handshake with go-plugin's host: the check of the host, the protocol version, and the one line on stdout.

use data_encoding::BASE64_NOPAD;

use super::environment::Environment;
use super::listener::{Address, Network};

/// The value that Terraform and OpenTofu set to show that they started a provider. It is not a secret.
pub const MAGIC_COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The version of go-plugin's handshake.
const CORE_PROTOCOL: u32 = 1;

/// The major version of Terraform's plugin protocol.
pub const PROTOCOL: u32 = 6;

/// The reasons to refuse a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A person or a script started the process, not Terraform.
    #[error("this is a plugin, and Terraform or OpenTofu has to start it")]
    NotStartedByTerraform,
    /// The host does not speak protocol 6.
    #[error("this provider speaks plugin protocol 6, which needs Terraform 1.0 or OpenTofu 1.6, or later")]
    ProtocolNotSpoken,
    /// Every user of the machine could connect, and the host did not ask for TLS.
    #[error(
        "every user of this machine can connect to a TCP port, so that a host without TLS is not served: \
         PLUGIN_CLIENT_CERT is not set"
    )]
    NotEncrypted,
    /// Every user of the machine could connect to `-debug`, and no terminal shows that it runs.
    #[error(
        "every user of this machine can connect to a TCP port, and -debug has no TLS: it serves at a terminal only"
    )]
    DebuggedUnseen,
}

/// Checks that a host with protocol 6 started the process.
///
/// # Errors
/// If the cookie is absent or wrong, or the host's versions do not include 6.
pub fn check(environment: &Environment) -> Result<(), Refusal> {
    if environment.magic_cookie.as_deref() != Some(MAGIC_COOKIE) {
        return Err(Refusal::NotStartedByTerraform);
    }
    let spoken = environment.protocol_versions.as_deref().unwrap_or_default();
    let speaks = spoken.split(',').any(|version| version.trim().parse() == Ok(PROTOCOL));
    if speaks { Ok(()) } else { Err(Refusal::ProtocolNotSpoken) }
}

/// Checks that no other user of the machine can use the plugin.
///
/// # Errors
/// If the network lets other users connect and there is no TLS. With TLS, each side knows the other's certificate.
pub fn check_encrypted(network: Network, tls: bool) -> Result<(), Refusal> {
    if tls || network.is_private() { Ok(()) } else { Err(Refusal::NotEncrypted) }
}

/// Checks that a person can see that `-debug` runs, if other users can connect to it.
///
/// # Errors
/// If the network lets other users connect and there is no terminal.
pub fn check_debugged(network: Network, terminal: bool) -> Result<(), Refusal> {
    if terminal || network.is_private() { Ok(()) } else { Err(Refusal::DebuggedUnseen) }
}

/// The line that gives the host the plugin's address. `certificate` is the server's, as DER. `None` means no TLS.
///
/// The certificate has no padding, because Go's decoder refuses padding. With padding, two of three certificates would
/// fail.
pub fn line(address: &Address, certificate: Option<&[u8]>) -> String {
    let certificate = certificate.map(|der| BASE64_NOPAD.encode(der)).unwrap_or_default();
    format!("{CORE_PROTOCOL}|{PROTOCOL}|{}|{address}|grpc|{certificate}", address.network().name())
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
            let line = line(&Address::Unix("/tmp/x/s".into()), Some(&der));
            let encoded = line.strip_prefix("1|6|unix|/tmp/x/s|grpc|").unwrap();
            assert!(!encoded.contains('='));
            assert_eq!(BASE64_NOPAD.decode(encoded.as_bytes()).unwrap(), der);
        }
    }

    #[test]
    fn without_tls_the_last_field_is_empty() {
        assert_eq!(line(&Address::Unix("/s".into()), None), "1|6|unix|/s|grpc|");
    }

    #[test]
    fn a_port_is_told_with_its_host() {
        let address = Address::Tcp(([127, 0, 0, 1], 10000).into());
        assert_eq!(line(&address, Some(&[255])), "1|6|tcp|127.0.0.1:10000|grpc|/w");
    }

    #[test]
    fn where_others_can_connect_there_is_tls_or_somebody_who_sees_it() {
        assert_eq!(check_encrypted(Network::Tcp, false), Err(Refusal::NotEncrypted));
        assert_eq!(check_encrypted(Network::Tcp, true), Ok(()));
        assert_eq!(check_encrypted(Network::Unix, false), Ok(()));
        assert_eq!(check_debugged(Network::Tcp, false), Err(Refusal::DebuggedUnseen));
        assert_eq!(check_debugged(Network::Tcp, true), Ok(()));
        assert_eq!(check_debugged(Network::Unix, false), Ok(()));
    }
}
