//! The appliance's certificate: made at the first start, kept from then on.
//! Who connects compares its fingerprint with the machine's own screen.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use crate::files;

/// Years in which the certificate is valid. The first is fixed and the last
/// far away: the clock of a machine just unpacked is often wrong.
const VALID_YEARS: (i32, i32) = (2025, 2075);

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The certificate could not be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// A file holds something else.
    #[error("{path} holds no {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
    },
    /// Certificate and key are not taken by the TLS library.
    #[error("certificate and key do not fit")]
    Unusable(#[from] rustls::Error),
}

/// Certificate and key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads `cert.pem` and `key.pem` in `directory`; makes both when either is
    /// absent. The key is written first and readable by its owner only, so a
    /// crash in between leaves nothing that is taken for a whole identity.
    pub fn load_or_make(
        directory: &Path,
        host: &str,
        addresses: &[IpAddr],
    ) -> Result<Self, IdentityError> {
        let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
        if !certificate.exists() || !key.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)
                .map_err(|source| file("create", directory, source))?;
            let pair = KeyPair::generate()?;
            let made = parameters(host, addresses)?.self_signed(&pair)?;
            write(&key, 0o600, &pair.serialize_pem())?;
            write(&certificate, 0o644, &made.pem())?;
        }
        let identity = Self {
            certificate: CertificateDer::from_pem_file(&certificate).map_err(|_| {
                IdentityError::Content {
                    path: certificate,
                    what: "certificate",
                }
            })?,
            key: PrivateKeyDer::from_pem_file(&key).map_err(|_| IdentityError::Content {
                path: key,
                what: "private key",
            })?,
        };
        Ok(identity)
    }

    /// SHA-256 of the certificate, lower-case hex pairs joined by colons.
    pub fn fingerprint(&self) -> String {
        let pairs: Vec<_> = Sha256::digest(&self.certificate)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        pairs.join(":")
    }

    /// How the listener talks TLS.
    pub fn server_config(&self) -> Result<ServerConfig, IdentityError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn parameters(host: &str, addresses: &[IpAddr]) -> Result<CertificateParams, rcgen::Error> {
    let mut names = vec!["localhost".to_owned()];
    if host != "localhost" {
        names.push(host.to_owned());
    }
    let mut parameters = CertificateParams::new(names)?;
    parameters
        .subject_alt_names
        .extend(addresses.iter().copied().map(SanType::IpAddress));
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, host);
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, "MeghOS");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.not_before = rcgen::date_time_ymd(VALID_YEARS.0, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(VALID_YEARS.1, 1, 1);
    Ok(parameters)
}

/// Writes a whole file or none.
fn write(path: &Path, mode: u32, text: &str) -> Result<(), IdentityError> {
    files::replace(path, mode, text.as_bytes()).map_err(|source| file("write", path, source))
}

fn file(action: &'static str, path: &Path, source: io::Error) -> IdentityError {
    IdentityError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_identity_is_made_once_and_its_key_is_private() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("tls");
        let address = ["192.0.2.7".parse().expect("an address")];
        let first = Identity::load_or_make(&directory, "megh-1", &address).expect("made");
        let again = Identity::load_or_make(&directory, "other", &[]).expect("read");
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.fingerprint().len(), 32 * 3 - 1);
        let mode = fs::metadata(directory.join("key.pem"))
            .expect("a key")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        again.server_config().expect("usable");
    }
}
