//! Serialized names, and parts as they stream by.

use crate::release::*;

#[test]
fn part_names_agree_with_their_serialized_form() {
    for kind in PartKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn parts_are_checked_as_they_stream() {
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(b"hello"));
    let part = Part {
        file: "kernel".into(),
        size: 5,
        sha256,
    };
    let run = |chunks: &[&[u8]]| {
        let mut check = PartCheck::new(PartKind::Kernel, &part);
        chunks
            .iter()
            .try_for_each(|chunk| check.update(chunk))
            .and_then(|()| check.finish())
    };
    assert_eq!(run(&[b"he", b"", b"llo"]), Ok(()));
    let code = |chunks: &[&[u8]]| run(chunks).unwrap_err().code();
    assert_eq!(code(&[b"hell"]), "part-too-short");
    assert_eq!(code(&[b"hello", b"!"]), "part-too-long");
    assert_eq!(code(&[b"hellO"]), "part-damaged");
    let damaged = run(&[b"hellO"]).unwrap_err();
    assert!(
        damaged
            .to_string()
            .starts_with("part kernel (kernel) is damaged"),
        "{damaged}"
    );
}
