//! Secure Boot keys in the form in which firmware takes them: the boot key's
//! certificate as owner, as who may change `db`, and as what may be started.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use megh_model::secure_boot::{
    EfiTime, KEYS_DIR, KeyVariable, authenticated, signature_list, to_be_signed,
};

use crate::keys::Keys;

/// Always the same, so that equal keys make equal images.
const TIME: EfiTime = EfiTime {
    year: 2025,
    month: 1,
    day: 1,
};

/// Writes the content of every key variable below `root`.
pub(crate) fn write(keys: &Keys, root: &Path) -> Result<()> {
    let dir = root.join(&KEYS_DIR[1..]);
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let list = signature_list(&certificate(keys)?);
    for variable in KeyVariable::ALL {
        let signature = sign(keys, to_be_signed(variable, TIME, &list))
            .with_context(|| format!("cannot sign the Secure Boot variable {variable}"))?;
        fs::write(
            dir.join(variable.file()),
            authenticated(TIME, &signature, &list),
        )
        .with_context(|| format!("cannot write {}", variable.file()))?;
    }
    Ok(())
}

/// The certificate, DER.
fn certificate(keys: &Keys) -> Result<Vec<u8>> {
    let output = Cmd::new("openssl")
        .args(["x509", "-outform", "DER", "-in"])
        .arg(keys.boot_certificate())
        .run()
        .context("cannot read the certificate of what firmware starts")?;
    Ok(output.stdout)
}

/// PKCS #7, detached and without attributes, as UEFI wants it; it holds no time.
fn sign(keys: &Keys, content: Vec<u8>) -> Result<Vec<u8>> {
    let output = Cmd::new("openssl")
        .args(["smime", "-sign", "-binary", "-noattr", "-md", "sha256"])
        .args(["-outform", "DER", "-signer"])
        .arg(keys.boot_certificate())
        .arg("-inkey")
        .arg(keys.boot_secret())
        .stdin(content)
        .run()?;
    signed_data(&output.stdout)
        .map(<[u8]>::to_vec)
        .context("openssl made something else than PKCS #7 signed data")
}

/// The `SignedData` inside a `ContentInfo` (RFC 2315 §7): UEFI wants it bare, and
/// firmware looks for the digest's name at a fixed distance from its start.
fn signed_data(content_info: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT: u8 = 0x06;
    const EXPLICIT_0: u8 = 0xa0;
    let (inside, _) = element(content_info, SEQUENCE)?;
    let (_signed_data, rest) = element(inside, OBJECT)?;
    let (bare, _) = element(rest, EXPLICIT_0)?;
    element(bare, SEQUENCE).map(|_| bare)
}

/// Content of the DER element with `tag` at the start, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let add = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add((*byte).into());
            (bytes.iter().try_fold(0, add)?, rest)
        }
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `ContentInfo` around `SignedData`, which openssl wants to read.
    fn wrap(signed_data: &[u8]) -> Vec<u8> {
        let long = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], content].concat()
        };
        let name = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        long(0x30, &[&name[..], &long(0xa0, signed_data)].concat())
    }

    #[test]
    fn equal_keys_make_equal_files_and_openssl_believes_them() {
        let home = tempfile::tempdir().unwrap();
        let keys = crate::keys::make(&home.path().join("keys")).unwrap();
        let (first, second) = (home.path().join("1"), home.path().join("2"));
        write(&keys, &first).unwrap();
        write(&keys, &second).unwrap();
        let file = KEYS_DIR[1..].to_owned() + "/db.auth";
        let bytes = fs::read(first.join(&file)).unwrap();
        assert_eq!(bytes, fs::read(second.join(&file)).unwrap());
        let list = signature_list(&certificate(&keys).unwrap());
        let signature = &bytes[16 + 24..bytes.len() - list.len()];
        let content = home.path().join("content");
        // SEQUENCE with two bytes of length, version 1, then SHA-256's name at 13.
        assert_eq!(signature[..2], [0x30, 0x82]);
        assert_eq!(signature[13..22], [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]);
        let wrapped = wrap(signature);
        let signed = to_be_signed(KeyVariable::Db, TIME, &list);
        fs::write(&content, &signed).unwrap();
        let believed = |content: &Path| {
            Cmd::new("openssl")
                .args(["smime", "-verify", "-binary", "-inform", "DER", "-noverify"])
                .args(["-certfile"])
                .arg(keys.boot_certificate())
                .arg("-content")
                .arg(content)
                .stdin(wrapped.clone())
                .succeeds()
                .unwrap()
        };
        assert!(believed(&content));
        fs::write(&content, &signed[1..]).unwrap();
        assert!(!believed(&content));
    }
}
