//! Secure Boot keys as firmware takes them: signature lists, and variables
//! whose writer is authenticated.
//!
//! Firmware in setup mode takes keys from anybody who has them in this form; the
//! last of them, the platform key, ends that mode.

use std::fmt;

use uuid::{Uuid, uuid};

/// Directory of the variables' contents ([`KeyVariable::file`]) in the root file system.
pub const KEYS_DIR: &str = "/usr/share/meghos/secure-boot";

/// Attributes of every key variable: non-volatile, for boot services and at run
/// time, authenticated by time (UEFI 2.10 §8.2).
pub const ATTRIBUTES: u32 = 0x27;

/// `EFI_CERT_X509_GUID` (UEFI 2.10 §32.4.1).
const X509: Uuid = uuid!("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");
/// `EFI_CERT_TYPE_PKCS7_GUID` (UEFI 2.10 §32.2.4).
const PKCS7: Uuid = uuid!("4aafd29d-68df-49ee-8aa9-347d375665a7");
/// `EFI_GLOBAL_VARIABLE` (UEFI 2.10 §3.3).
const GLOBAL: Uuid = uuid!("8be4df61-93ca-11d2-aa0d-00e098032b8c");
/// `EFI_IMAGE_SECURITY_DATABASE_GUID` (UEFI 2.10 §32.6.1).
const DATABASE: Uuid = uuid!("d719b2cb-3d3a-4596-a3bc-dad00e67656f");
/// Who put a signature there, for people who list them: MeghOS.
const OWNER: Uuid = uuid!("6d656768-6f73-4001-8004-6b6579730000");

/// `wRevision` and `wCertificateType` of an authenticated variable.
const REVISION: u16 = 0x0200;
const TYPE_EFI_GUID: u16 = 0x0ef1;
/// Bytes of a `WIN_CERTIFICATE_UEFI_GUID` before the signature.
const CERTIFICATE_HEAD: usize = 24;

/// A variable that holds keys, in the order in which they are written: after
/// the last one, the firmware takes no more from strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyVariable {
    /// What may be started.
    Db,
    /// Who may change `db`.
    Kek,
    /// Who owns the platform.
    Pk,
}

impl KeyVariable {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 3] = [Self::Db, Self::Kek, Self::Pk];

    /// The variable's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Db => "db",
            Self::Kek => "KEK",
            Self::Pk => "PK",
        }
    }

    /// The variable's name space.
    pub const fn vendor(self) -> Uuid {
        match self {
            Self::Db => DATABASE,
            Self::Kek | Self::Pk => GLOBAL,
        }
    }

    /// The file below [`KEYS_DIR`] with what is written to the variable.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Db => "db.auth",
            Self::Kek => "KEK.auth",
            Self::Pk => "PK.auth",
        }
    }
}

impl fmt::Display for KeyVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A moment as `EFI_TIME` has it: UTC, whole seconds (UEFI 2.10 §8.3). Firmware
/// refuses a later write with an earlier time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EfiTime {
    /// 1998 to 2099.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl EfiTime {
    fn bytes(self) -> [u8; 16] {
        let [low, high] = self.year.to_le_bytes();
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&[low, high, self.month, self.day]);
        bytes
    }
}

/// An `EFI_SIGNATURE_LIST` with one certificate (DER).
pub fn signature_list(certificate: &[u8]) -> Vec<u8> {
    let signature = 16 + certificate.len();
    let mut list = X509.to_bytes_le().to_vec();
    for number in [28 + signature, 0, signature] {
        list.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }
    list.extend(OWNER.to_bytes_le());
    list.extend(certificate);
    list
}

/// The bytes that the writer of a variable signs (UEFI 2.10 §8.2.2): PKCS #7,
/// detached, SHA-256, without attributes.
pub fn to_be_signed(variable: KeyVariable, time: EfiTime, list: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = variable
        .name()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    bytes.extend(variable.vendor().to_bytes_le());
    bytes.extend(ATTRIBUTES.to_le_bytes());
    bytes.extend(time.bytes());
    bytes.extend(list);
    bytes
}

/// What is written to the variable: `EFI_VARIABLE_AUTHENTICATION_2` with the
/// signature of [`to_be_signed`] (PKCS #7, DER), then the list.
pub fn authenticated(time: EfiTime, signature: &[u8], list: &[u8]) -> Vec<u8> {
    let length = u32::try_from(CERTIFICATE_HEAD + signature.len()).unwrap_or(u32::MAX);
    let mut bytes = time.bytes().to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(REVISION.to_le_bytes());
    bytes.extend(TYPE_EFI_GUID.to_le_bytes());
    bytes.extend(PKCS7.to_bytes_le());
    bytes.extend(signature);
    bytes.extend(list);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: EfiTime = EfiTime {
        year: 2025,
        month: 1,
        day: 2,
    };

    #[test]
    fn a_list_says_how_long_it_is() {
        let list = signature_list(b"certificate");
        assert_eq!(list.len(), 28 + 16 + 11);
        assert_eq!(list[16..28], [55, 0, 0, 0, 0, 0, 0, 0, 27, 0, 0, 0]);
        // The first fields of a GUID are little-endian.
        assert_eq!(list[..4], [0xa1, 0x59, 0xc0, 0xa5]);
        assert!(list.ends_with(b"certificate"));
    }

    #[test]
    fn what_is_signed_names_the_variable() {
        let bytes = to_be_signed(KeyVariable::Pk, TIME, b"list");
        assert!(bytes.starts_with(b"P\0K\0\x61\xdf\xe4\x8b"));
        assert_eq!(bytes.len(), 4 + 16 + 4 + 16 + 4);
        assert_ne!(bytes, to_be_signed(KeyVariable::Kek, TIME, b"list"));
    }

    #[test]
    fn a_written_variable_begins_with_its_time() {
        let bytes = authenticated(TIME, b"signature", b"list");
        assert_eq!(bytes[..8], [0xe9, 0x07, 1, 2, 0, 0, 0, 0]);
        assert_eq!(bytes[16..24], [33, 0, 0, 0, 0, 2, 0xf1, 0x0e]);
        assert!(bytes.ends_with(b"signaturelist"));
    }
}
