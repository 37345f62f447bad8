//! TLS between the host and the plugin: each side pins the other's self-signed certificate.
//!
//! go-plugin's client certificate is ECDSA P-521 and marked as a CA. Chain validation refuses a CA as an end entity. So
//! the verifier here compares the certificate byte for byte. The crypto provider checks the signature over the
//! handshake, which proves that the client has the key.

use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, PeerMisbehaved, ServerConfig, SignatureScheme,
};

/// The server's end of TLS.
pub struct ServerTls {
    /// The server's certificate, for the handshake line.
    pub certificate: CertificateDer<'static>,
    /// The configuration for accepting connections.
    pub config: Arc<ServerConfig>,
}

/// The reasons why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The host's certificate is not a PEM certificate.
    #[error("PLUGIN_CLIENT_CERT holds no PEM certificate")]
    ClientCertificate,
    /// The server's own certificate cannot be made.
    #[error("no server certificate could be made: {0}")]
    ServerCertificate(rcgen::Error),
    /// rustls refuses the configuration.
    #[error("TLS could not be set up: {0}")]
    Config(rustls::Error),
}

/// Makes a new certificate, and a server that accepts only the owner of `client`, a PEM certificate.
///
/// # Errors
/// If `client` is not a certificate. There is no fallback to a connection without TLS.
pub fn server(client: &str) -> Result<ServerTls, TlsError> {
    let client =
        CertificateDer::from_pem_slice(client.as_bytes()).map_err(|_| TlsError::ClientCertificate)?;
    let (certificate, key) = self_signed().map_err(TlsError::ServerCertificate)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Pinned::new(client, &provider)?);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(TlsError::Config)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.clone()], key.into())
        .map_err(TlsError::Config)?;
    // gRPC for Go refuses a server that does not choose h2, since version 1.67.
    config.alpn_protocols = vec![b"h2".to_vec()];
    // There is only one connection, so no session is ever resumed.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(ServerTls { certificate, config: Arc::new(config) })
}

fn self_signed() -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?;
    Ok((certificate.into(), key.serialize_der().into()))
}

/// Accepts one certificate, compared byte for byte.
#[derive(Debug)]
struct Pinned {
    client: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    fn new(client: CertificateDer<'static>, provider: &CryptoProvider) -> Result<Self, TlsError> {
        // Without this check, PEM around other bytes would fail only when the host connects, without a clear reason.
        rustls::server::ParsedCertificate::try_from(&client).map_err(|_| TlsError::ClientCertificate)?;
        Ok(Self { client, algorithms: provider.signature_verification_algorithms })
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if end_entity.as_ref() == self.client.as_ref() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_client_certificate_is_an_error() {
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for client in ["", "nonsense", pem] {
            assert!(matches!(server(client), Err(TlsError::ClientCertificate)), "{client:?}");
        }
    }
}
