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
    Ok(output.stdout)
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
                .stdin(signature)
                .succeeds()
                .unwrap()
        };
        assert!(believed(&content));
        fs::write(&content, &signed[1..]).unwrap();
        assert!(!believed(&content));
    }
}
