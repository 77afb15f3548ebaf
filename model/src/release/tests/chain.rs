//! Keys that change.

use minisign::KeyPair;
use serde_json::{Value, json};

use super::site::*;
use crate::release::*;

/// Signs a document with several keys, as a threshold asks for.
fn put(site: &mut Site, file: &str, document: &Value, pairs: &[&KeyPair]) {
    let bytes = serde_json::to_vec(document).unwrap();
    let signatures = pairs.iter().flat_map(|pair| sign(pair, &bytes)).collect();
    site.0.insert(signature_file(file), signatures);
    site.0.insert(file.to_owned(), bytes);
}

/// Version 2 gives the root's word to another key and retires the release key.
fn second() -> Value {
    let mut document = root(2);
    let mut retired = key(&RELEASE, "release");
    retired["retired"] = json!(true);
    document["keys"] = json!([key(&NEXT_ROOT, "root"), key(&SECOND, "release"), retired]);
    document
}

fn rotated(signers: &[&KeyPair]) -> Site {
    let mut site = Site::sound();
    for file in [ROOT_FILE, "root.2.json"] {
        put(&mut site, file, &second(), signers);
    }
    site
}

#[test]
fn a_new_root_counts_when_the_old_and_itself_signed() {
    let mut site = rotated(&[&ROOT, &NEXT_ROOT]);
    let refusal = take(&site, &demands(), &trust(), OFFERED).unwrap_err();
    assert_eq!(refusal.code(), "index-key-retired");
    site.resign("stable.json", &SECOND);
    let refusal = take(&site, &demands(), &trust(), OFFERED).unwrap_err();
    assert_eq!(refusal.code(), "manifest-key-retired");
    site.resign(&path(OFFERED), &SECOND);
    let manifest = take(&site, &demands(), &trust(), OFFERED).unwrap();
    assert_eq!(
        manifest.signed_by(),
        [key(&SECOND, "release")["id"].as_str().unwrap()]
    );
}

#[test]
fn one_side_alone_changes_no_root() {
    for (signers, code) in [
        (&[&*ROOT][..], "root-key-unknown"),
        (&[&*NEXT_ROOT], "root-key-unknown"),
        (&[&*RELEASE], "root-key-of-other-role"),
    ] {
        let refusal = take(&rotated(signers), &demands(), &trust(), OFFERED).unwrap_err();
        assert_eq!(refusal.code(), code);
    }
}

#[test]
fn a_threshold_counts_different_keys() {
    let mut document = root(2);
    document["keys"] = json!([
        key(&ROOT, "root"),
        key(&RELEASE, "release"),
        key(&SECOND, "release")
    ]);
    document["thresholds"]["release"] = json!(2);
    let mut site = Site::sound();
    for file in [ROOT_FILE, "root.2.json"] {
        put(&mut site, file, &document, &[&ROOT]);
    }
    for (signers, taken) in [
        (&[&*RELEASE][..], false),
        (&[&*RELEASE, &*RELEASE], false),
        (&[&*RELEASE, &*STRANGER], false),
        (&[&*RELEASE, &*SECOND], true),
    ] {
        for file in ["stable.json".to_owned(), path(OFFERED)] {
            let document = site.get(&file);
            put(&mut site, &file, &document, signers);
        }
        // The manifest's bytes are in another form now; list those.
        let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(
            &site.0[&path(OFFERED)],
        ));
        let mut index = site.get("stable.json");
        index["releases"][1]["manifest_sha256"] = json!(digest);
        index["releases"][1]["manifest_size"] = json!(site.0[&path(OFFERED)].len());
        put(&mut site, "stable.json", &index, signers);
        let result = take(&site, &demands(), &trust(), OFFERED);
        match taken {
            true => assert_eq!(result.unwrap().signed_by().len(), 2),
            false => assert_eq!(result.unwrap_err().code(), "index-signatures-too-few"),
        }
    }
}

#[test]
fn what_was_kept_leads_to_the_newest_root() {
    let site = rotated(&[&ROOT, &NEXT_ROOT]);
    let mut read =
        |file: &str, _: usize| Ok::<_, std::convert::Infallible>(site.0.get(file).cloned());
    assert_eq!(built_in().follow_kept(&mut read).unwrap().version(), 2);
    let mut nothing = |_: &str, _: usize| Ok::<_, std::convert::Infallible>(None);
    assert_eq!(built_in().follow_kept(&mut nothing).unwrap().version(), 1);
    assert_eq!(built_in().follow(false, &mut nothing).unwrap().version(), 1);
}

#[test]
fn an_older_root_on_a_stick_changes_nothing() {
    let site = rotated(&[&ROOT, &NEXT_ROOT]);
    let mut read =
        |file: &str, _: usize| Ok::<_, std::convert::Infallible>(site.0.get(file).cloned());
    let newest = built_in().follow(false, &mut read).unwrap();
    let old = Site::sound();
    let mut read =
        |file: &str, _: usize| Ok::<_, std::convert::Infallible>(old.0.get(file).cloned());
    let refused = newest.clone().follow(false, &mut read).unwrap_err();
    assert!(matches!(
        refused,
        ReadError::Refused(VerifyError::Root(RootError::Replayed {
            found: 1,
            known: 2
        }))
    ));
    assert_eq!(newest.follow(true, &mut read).unwrap().version(), 2);
}

#[test]
fn roots_that_are_not_sound_are_refused() {
    let wrong = |edit: fn(&mut Value)| {
        let mut document = root(1);
        edit(&mut document);
        let bytes = serde_json::to_vec(&document).unwrap();
        TrustedRoot::built_in(&bytes, &sign(&ROOT, &bytes))
            .unwrap_err()
            .code()
    };
    assert_eq!(wrong(|r| r["schema"] = json!(2)), "root-schema");
    assert_eq!(wrong(|r| r["version"] = json!(0)), "root-version-gap");
    assert_eq!(wrong(|r| r["keys"] = json!([])), "root-key-count");
    assert_eq!(
        wrong(|r| r["keys"][1] = r["keys"][0].clone()),
        "root-key-bad"
    );
    assert_eq!(wrong(|r| r["keys"][1]["id"] = json!("00")), "root-key-bad");
    assert_eq!(
        wrong(|r| r["keys"][1]["public"] = json!("RW")),
        "root-key-bad"
    );
    assert_eq!(
        wrong(|r| r["thresholds"]["root"] = json!(0)),
        "root-threshold-bad"
    );
    assert_eq!(
        wrong(|r| r["thresholds"]["release"] = json!(2)),
        "root-threshold-bad"
    );
    assert_eq!(
        wrong(|r| r["keys"][1]["role"] = json!("boss")),
        "root-unknown-field"
    );
    assert_eq!(wrong(|r| r["extra"] = json!(1)), "root-unknown-field");
}
