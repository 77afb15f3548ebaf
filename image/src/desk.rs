//! Where documents are signed: here, or on another machine that gets the bytes
//! as a file and gives the signature back as one.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use megh_model::release::{Document, Role, VerifyError, signature_file};
use serde::Serialize;
use serde_json::Value;

use crate::keys::Keys;

/// A document as it will be published. The signatures are empty while they
/// have to be waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The document.
    pub bytes: Vec<u8>,
    /// minisign's, one after the other.
    pub signatures: Vec<u8>,
}

/// Signs bytes.
type Signing<'s> = dyn Fn(&[u8]) -> Result<String> + 's;
/// Checks bytes and their signatures.
type Checking<'c> = dyn Fn(&[u8], &[u8]) -> Result<(), VerifyError> + 'c;

/// Signs documents with the keys at hand, or collects those that wait.
pub struct Desk<'a> {
    keys: &'a Keys,
    offline: Option<PathBuf>,
    waiting: RefCell<Vec<PathBuf>>,
}

impl<'a> Desk<'a> {
    /// A desk; with the folder `offline`, what is to be signed is put there, and
    /// signatures are awaited beside it.
    pub fn new(keys: &'a Keys, offline: Option<&Path>) -> Self {
        Self {
            keys,
            offline: offline.map(Path::to_owned),
            waiting: RefCell::default(),
        }
    }

    /// The keys that documents are believed by.
    pub const fn keys(&self) -> &Keys {
        self.keys
    }

    /// Signs an index or manifest, which will lie at `name` in its directory.
    pub fn sign(&self, what: Document, name: &str, document: &impl Serialize) -> Result<Signed> {
        let root = self.keys.root()?;
        self.sign_with(
            what,
            name,
            document,
            &|bytes| self.keys.sign(Role::Release, bytes, name),
            &|bytes, signatures| root.verify(what, bytes, signatures).map(drop),
        )
    }

    /// Signs a document whose signers and judges are given.
    pub(crate) fn sign_with(
        &self,
        what: Document,
        name: &str,
        document: &impl Serialize,
        sign: &Signing<'_>,
        check: &Checking<'_>,
    ) -> Result<Signed> {
        let wanted = serde_json::to_value(document)?;
        let Some(dir) = &self.offline else {
            let bytes = serde_json::to_vec_pretty(document)?;
            let signatures = sign(&bytes)?.into_bytes();
            check(&bytes, &signatures).with_context(|| format!("{name} would be refused"))?;
            return Ok(Signed { bytes, signatures });
        };
        let path = dir.join(name);
        if let Some(signed) = signed_elsewhere(what, &path, &wanted)? {
            check(&signed.bytes, &signed.signatures)
                .with_context(|| format!("the signature of {} is not right", path.display()))?;
            return Ok(signed);
        }
        let bytes = self.hand_out(what, &path, &wanted, document)?;
        Ok(Signed {
            bytes,
            signatures: Vec::new(),
        })
    }

    /// Stops when signatures are missing, and says which.
    pub fn finish(&self) -> Result<()> {
        let waiting = self.waiting.borrow();
        if waiting.is_empty() {
            return Ok(());
        }
        let files: Vec<String> = waiting
            .iter()
            .map(|path| format!("  minisign -S -m {}", path.display()))
            .collect();
        bail!(
            "these documents wait for their signatures; sign them where the keys are, put each \
             .minisig beside its document, and run this again:\n{}",
            files.join("\n")
        )
    }

    /// Puts a document out to be signed. One that says the same and waits
    /// there already stays as it is: somebody may be signing it.
    fn hand_out(
        &self,
        what: Document,
        path: &Path,
        wanted: &Value,
        document: &impl Serialize,
    ) -> Result<Vec<u8>> {
        self.waiting.borrow_mut().push(path.to_owned());
        if let Some(bytes) = same_elsewhere(what, path, wanted)? {
            return Ok(bytes);
        }
        let bytes = serde_json::to_vec_pretty(document)?;
        let dir = path.parent().context("a document lies in a folder")?;
        fs::create_dir_all(dir)
            .and_then(|()| fs::write(path, &bytes))
            .with_context(|| format!("cannot write {}", path.display()))?;
        crate::stage::remove(&signature_of(path))?;
        Ok(bytes)
    }
}

fn signature_of(path: &Path) -> PathBuf {
    PathBuf::from(signature_file(&path.to_string_lossy()))
}

/// The document that was put out earlier, with the signatures it got.
fn signed_elsewhere(what: Document, path: &Path, wanted: &Value) -> Result<Option<Signed>> {
    let signature = signature_of(path);
    let Some(bytes) = same_elsewhere(what, path, wanted)? else {
        return Ok(None);
    };
    if !signature.exists() {
        return Ok(None);
    }
    let signatures =
        fs::read(&signature).with_context(|| format!("cannot read {}", signature.display()))?;
    Ok(Some(Signed { bytes, signatures }))
}

/// What was put out earlier, if it says the same but for its times.
fn same_elsewhere(what: Document, path: &Path, wanted: &Value) -> Result<Option<Vec<u8>>> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let Ok(found) = serde_json::from_slice::<Value>(&bytes) else {
        return Ok(None);
    };
    let same = without_times(what, found) == without_times(what, wanted.clone());
    Ok(same.then_some(bytes))
}

fn without_times(what: Document, mut document: Value) -> Value {
    let fields: &[&str] = match what {
        Document::Root => &["expires"],
        Document::Index => &["version", "issued", "expires"],
        Document::Manifest => &["released"],
    };
    if let Some(object) = document.as_object_mut() {
        fields.iter().for_each(|field| drop(object.remove(*field)));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_signed_elsewhere_is_taken_when_it_says_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let keys = crate::keys::make(&dir.path().join("keys")).unwrap();
        let out = dir.path().join("to-sign");
        let document = |released: u64, note: &str| json!({"released": released, "note": note});
        let ask = |released, note| {
            let desk = Desk::new(&keys, Some(&out));
            let signed = desk
                .sign(
                    Document::Manifest,
                    "1.0.0/manifest.json",
                    &document(released, note),
                )
                .unwrap();
            (signed, desk.finish())
        };
        let (waiting, stopped) = ask(1, "a");
        assert!(waiting.signatures.is_empty());
        let text = stopped.unwrap_err().to_string();
        assert!(text.contains("1.0.0/manifest.json"), "{text}");
        // A later run finds the document as it was put out.
        assert_eq!(ask(2, "a").0.bytes, waiting.bytes);
        let signature = keys
            .sign(Role::Release, &waiting.bytes, "manifest.json")
            .unwrap();
        let beside = out.join("1.0.0/manifest.json.minisig");
        fs::write(&beside, &signature).unwrap();
        let (signed, done) = ask(3, "a");
        done.unwrap();
        assert_eq!(signed.signatures, signature.as_bytes());
        // Another document is not covered by that signature.
        let (other, stopped) = ask(3, "b");
        assert!(other.signatures.is_empty() && stopped.is_err());
        assert!(
            !beside.exists(),
            "an old signature lies beside a new document"
        );
    }

    #[test]
    fn a_strangers_signature_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let keys = crate::keys::make(&dir.path().join("keys")).unwrap();
        let stranger = crate::keys::make(&dir.path().join("stranger")).unwrap();
        let out = dir.path().join("to-sign");
        let desk = Desk::new(&keys, Some(&out));
        let ask = || desk.sign(Document::Index, "stable.json", &json!({"releases": []}));
        let bytes = ask().unwrap().bytes;
        let signature = stranger.sign(Role::Release, &bytes, "stable.json").unwrap();
        fs::write(out.join("stable.json.minisig"), signature).unwrap();
        let error = format!("{:#}", ask().unwrap_err());
        assert!(error.contains("does not trust"), "{error}");
    }
}
