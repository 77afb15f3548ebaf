//! Trust in exactly one certificate: the one with the remembered fingerprint.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use sha2::{Digest, Sha256};

/// SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs: Vec<_> = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        f.write_str(&pairs.join(":"))
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let bytes = hex::decode(digits)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        let wrong = || {
            anyhow::anyhow!(
                "`{text}` is no fingerprint; it has 64 hex digits, with or without colons"
            )
        };
        bytes.map(Self).ok_or_else(wrong)
    }
}

/// Which certificate was seen in the handshake.
pub(crate) type Seen = Arc<Mutex<Option<Fingerprint>>>;

/// How to talk TLS with an appliance. With no pin any certificate is taken,
/// only to be shown to somebody who compares it.
pub(crate) fn config(pin: Option<Fingerprint>) -> Result<(ClientConfig, Seen)> {
    let provider = Arc::new(ring::default_provider());
    let seen = Seen::default();
    let verifier = Pinned {
        pin,
        seen: Arc::clone(&seen),
        provider: Arc::clone(&provider),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((config, seen))
}

#[derive(Debug)]
struct Pinned {
    pin: Option<Fingerprint>,
    seen: Seen,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Fingerprint(Sha256::digest(certificate).into());
        *self
            .seen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(found);
        match self.pin {
            Some(pin) if pin != found => Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            )),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_as_people_copy_them() {
        let plain = "ab".repeat(32);
        let fingerprint: Fingerprint = plain.parse().expect("plain hex");
        let shown = fingerprint.to_string();
        assert_eq!(shown.len(), 95);
        for text in [shown.clone(), shown.to_uppercase(), plain] {
            assert_eq!(text.parse::<Fingerprint>().expect("the same"), fingerprint);
        }
        for wrong in ["", "ab", "zz"] {
            assert!(wrong.parse::<Fingerprint>().is_err());
        }
    }
}
