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

#[test]
fn rotating_leads_from_the_old_root_to_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let keys = make(&dir.path().join("keys")).unwrap();
    let first = keys.root().unwrap();
    assert_eq!(rotate(&keys, Role::Root, None).unwrap(), 2);
    assert_eq!(rotate(&keys, Role::Release, Some(10)).unwrap(), 3);
    let mut read = |file: &str, _: usize| match fs::read(keys.dir().join(file)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    };
    let newest = first.follow(false, &mut read).unwrap();
    assert_eq!(newest.version(), 3);
    let retired = |role| {
        let keys = newest.document().keys.iter();
        keys.filter(|key| key.role == role && key.retired).count()
    };
    assert_eq!((retired(Role::Root), retired(Role::Release)), (1, 1));
    let signature = keys.sign(Role::Release, b"content", "stable.json").unwrap();
    let signers = newest
        .verify(
            megh_model::release::Document::Index,
            b"content",
            signature.as_bytes(),
        )
        .unwrap();
    assert_eq!(signers.len(), 1);
    assert_eq!(keys.root_files().unwrap().len(), 8);
}

#[test]
fn the_last_key_of_a_role_is_not_retired() {
    let dir = tempfile::tempdir().unwrap();
    let keys = make(&dir.path().join("keys")).unwrap();
    let release = keys.root().unwrap().document().keys[1].id.clone();
    let wanted = Change {
        retire: vec![release],
        ..Change::default()
    };
    let error = format!("{:#}", change(&keys, &wanted, None).unwrap_err());
    assert!(error.contains("must sign"), "{error}");
    assert_eq!(keys.root().unwrap().version(), 1);
}

#[test]
fn a_root_document_can_be_signed_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let keys = make(&dir.path().join("keys")).unwrap();
    let vault = dir.path().join("vault");
    fs::create_dir(&vault).unwrap();
    fs::rename(keys.dir().join("root.key"), vault.join("root.key")).unwrap();
    let renewed = Change::default();
    let error = format!("{:#}", change(&keys, &renewed, None).unwrap_err());
    assert!(error.contains("sign offline"), "{error}");
    let desk = dir.path().join("to-sign");
    assert!(change(&keys, &renewed, Some(&desk)).is_err());
    let bytes = fs::read(desk.join("root.2.json")).unwrap();
    let secrets = files::secret_keys(&vault).unwrap();
    let signature = sign_with(secrets.iter().map(|(_, key)| key), &bytes, "root.json").unwrap();
    fs::write(desk.join("root.2.json.minisig"), signature).unwrap();
    assert_eq!(change(&keys, &renewed, Some(&desk)).unwrap(), 2);
    assert_eq!(fs::read(keys.dir().join("root.json")).unwrap(), bytes);
}

#[test]
fn documents_are_signed_where_no_boot_key_is() {
    let dir = tempfile::tempdir().unwrap();
    let keys = make(&dir.path().join("keys")).unwrap();
    fs::remove_file(keys.boot_secret()).unwrap();
    fs::remove_file(keys.boot_certificate()).unwrap();
    assert!(Keys::open(keys.dir()).is_err());
    let keys = Keys::of_documents(keys.dir()).unwrap();
    assert!(!keys.are_for_development().unwrap());
    assert_eq!(change(&keys, &Change::default(), None).unwrap(), 2);
}
