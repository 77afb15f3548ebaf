//! Secure Boot keys in the form in which firmware takes them: the boot key's
//! certificate as owner, as who may change `db`, and as what may be started.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
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
            .and_then(|wrapped| signed_data(&wrapped).map(<[u8]>::to_vec))
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
    Ok(output.stdout)
}

/// The SignedData inside of a PKCS #7 message (RFC 2315, chapter 7): firmware
/// takes it without the ContentInfo around it, and refuses it with.
fn signed_data(message: &[u8]) -> Result<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_ID: u8 = 0x06;
    const EXPLICIT_0: u8 = 0xa0;
    let (info, _) = element(message, SEQUENCE)?;
    let (_, rest) = element(info, OBJECT_ID)?;
    Ok(element(rest, EXPLICIT_0)?.0)
}

/// Content of the DER element that `bytes` begin with, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8])> {
    let (head, length) = match bytes {
        [found, short @ 0..=0x7f, ..] if *found == tag => (2, usize::from(*short)),
        [found, 0x81, length, ..] if *found == tag => (3, usize::from(*length)),
        [found, 0x82, high, low, ..] if *found == tag => {
            (4, usize::from(u16::from_be_bytes([*high, *low])))
        }
        _ => anyhow::bail!("the signature is not PKCS #7 as expected"),
    };
    let end = head + length;
    ensure!(end <= bytes.len(), "the signature is cut off");
    Ok((&bytes[head..end], &bytes[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        // Version 1, then the set of digests: as firmware looks for it.
        assert_eq!((signature[0], &signature[4..7]), (0x30, &[2, 1, 1][..]));
        let signature = wrapped(signature);
        let content = home.path().join("content");
        let signed = to_be_signed(KeyVariable::Db, TIME, &list);
        fs::write(&content, &signed).unwrap();
        let believed = |content: &Path| {
            Cmd::new("openssl")
                .args(["smime", "-verify", "-binary", "-inform", "DER", "-noverify"])
                .args(["-certfile"])
                .arg(keys.boot_certificate())
                .arg("-content")
                .arg(content)
                .stdin(signature.clone())
                .succeeds()
                .unwrap()
        };
        assert!(believed(&content));
        fs::write(&content, &signed[1..]).unwrap();
        assert!(!believed(&content));
    }

    /// The message around a SignedData, for openssl.
    fn wrapped(signed_data: &[u8]) -> Vec<u8> {
        let long = |tag: u8, content: Vec<u8>| {
            let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
            [vec![tag, 0x82, high, low], content].concat()
        };
        let id = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        let content = long(0xa0, signed_data.to_vec());
        long(0x30, [id.to_vec(), content].concat())
    }
}
