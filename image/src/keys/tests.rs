//! Keys that are made, and what they sign.

use super::*;

#[test]
fn a_signature_is_believed_through_the_root_document_only() {
    let dir = tempfile::tempdir().unwrap();
    let keys = make(&dir.path().join("keys")).unwrap();
    assert!(!keys.are_for_development().unwrap());
    let others = make(&dir.path().join("others")).unwrap();
    let root = fs::read(keys.dir().join(ROOT_FILE)).unwrap();
    let sign = |keys: &Keys| keys.sign(Role::Root, &root, ROOT_FILE).unwrap();
    assert!(TrustedRoot::built_in(&root, sign(&keys).as_bytes()).is_ok());
    assert!(TrustedRoot::built_in(&root, sign(&others).as_bytes()).is_err());
}

#[test]
fn development_keys_are_made_once_and_known_as_such() {
    let cache = tempfile::tempdir().unwrap();
    let first = Keys::development(cache.path()).unwrap();
    let root = fs::read(first.dir().join(ROOT_FILE)).unwrap();
    let second = Keys::development(cache.path()).unwrap();
    assert!(second.are_for_development().unwrap());
    assert_eq!(fs::read(second.dir().join(ROOT_FILE)).unwrap(), root);
    assert!(make(second.dir()).is_err(), "keys were overwritten");
    let renamed = cache.path().join("release-keys");
    fs::rename(second.dir(), &renamed).unwrap();
    assert!(Keys::open(&renamed).unwrap().are_for_development().unwrap());
}

#[test]
fn development_keys_of_before_root_documents_are_completed() {
    let cache = tempfile::tempdir().unwrap();
    let keys = Keys::development(cache.path()).unwrap();
    for name in [
        "root.json",
        "root.json.minisig",
        "root.1.json",
        "root.key",
        "root.pub",
    ] {
        fs::remove_file(keys.dir().join(name)).unwrap();
    }
    let boot = fs::read(keys.boot_certificate()).unwrap();
    let keys = Keys::development(cache.path()).unwrap();
    assert!(keys.are_for_development().unwrap());
    assert_eq!(fs::read(keys.boot_certificate()).unwrap(), boot);
    keys.sign(Role::Release, b"content", "manifest.json")
        .unwrap();
}
