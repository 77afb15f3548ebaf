use std::io::Write;

use proptest::prelude::*;
use uuid::Uuid;

use super::{inspect_file, qcow2};
use crate::{ImageFormat, ImageInfo, StorageError};

/// A version 3 header without extensions, as `qemu-img create` writes it.
fn header(virtual_size: u64) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..4].copy_from_slice(qcow2::MAGIC);
    bytes[4..8].copy_from_slice(&3u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&16u32.to_be_bytes());
    bytes[24..32].copy_from_slice(&virtual_size.to_be_bytes());
    bytes[96..100].copy_from_slice(&4u32.to_be_bytes());
    bytes[100..104].copy_from_slice(&112u32.to_be_bytes());
    bytes
}

fn with(at: usize, patch: &[u8]) -> Vec<u8> {
    let mut bytes = header(1 << 20);
    bytes[at..at + patch.len()].copy_from_slice(patch);
    bytes
}

fn inspect(content: &[u8]) -> Result<ImageInfo, StorageError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    inspect_file(Uuid::nil(), file.path())
}

#[test]
fn good_files_are_recognised() {
    let qcow2 = |virtual_size| ImageInfo {
        format: ImageFormat::Qcow2,
        virtual_size,
    };
    let raw = |virtual_size| ImageInfo {
        format: ImageFormat::Raw,
        virtual_size,
    };
    assert_eq!(inspect(&header(3 << 30)), Ok(qcow2(3 << 30)));
    assert_eq!(
        inspect(&with(72, &[0, 0, 0, 0, 0, 0, 0, 0b11001])),
        Ok(qcow2(1 << 20))
    );
    assert_eq!(inspect(&[0x55; 512]), Ok(raw(512)));
    let mut iso = vec![0; 40 << 10];
    iso[0x8001..0x8006].copy_from_slice(b"CD001");
    assert_eq!(inspect(&iso), Ok(raw(40 << 10)));
}

#[test]
fn bad_files_are_refused_with_their_reason() {
    let tail = |bytes: &[u8]| [&[0; 1024], bytes, &[0; 504]].concat();
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty", vec![]),
        ("multiple of 512", vec![1; 700]),
        ("has no bytes", header(0)),
        ("at most", header(1 << 50)),
        ("multiple of 512", header((1 << 20) + 1)),
        ("cut off", header(1 << 20)[..60].to_vec()),
        ("version 1", with(4, &1u32.to_be_bytes())),
        ("version 9", with(4, &9u32.to_be_bytes())),
        ("backing file", with(8, &512u64.to_be_bytes())),
        ("backing file", with(16, &12u32.to_be_bytes())),
        ("another file", with(72, &4u64.to_be_bytes())),
        ("another file", with(112, b"DATA\0\0\0\x08/etc/pwd")),
        ("corrupt", with(72, &2u64.to_be_bytes())),
        ("not known here (bits 0x20)", with(72, &32u64.to_be_bytes())),
        ("encrypted", with(32, &2u32.to_be_bytes())),
        (
            "encrypted",
            with(112, &[0x05, 0x37, 0xbe, 0x77, 0, 0, 0, 0]),
        ),
        ("cluster size", with(20, &40u32.to_be_bytes())),
        ("header length", with(100, &8u32.to_be_bytes())),
        ("VMDK", [b"KDMV".as_slice(), &[0; 508]].concat()),
        (
            "VDI",
            [&[0; 0x40], [0x7f, 0x10, 0xda, 0xbe].as_slice(), &[0; 444]].concat(),
        ),
        ("VHDX", [b"vhdxfile".as_slice(), &[0; 504]].concat()),
        ("VHD", tail(b"conectix")),
        ("gzip", vec![0x1f, 0x8b, 8]),
        ("xz", b"\xfd7zXZ\0....".to_vec()),
        ("zstd", vec![0x28, 0xb5, 0x2f, 0xfd]),
    ];
    for (expected, content) in cases {
        match inspect(content) {
            Err(StorageError::Refused { reason, .. }) => {
                assert!(
                    reason.contains(expected),
                    "`{reason}` does not say `{expected}`"
                );
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

proptest! {
    /// Whatever the bytes are, the parser answers, and what it takes has
    /// neither a backing file nor a data file nor a cipher.
    #[test]
    fn no_header_gets_past_the_rules(
        patches in proptest::collection::vec((0usize..240, any::<u8>()), 0..12),
        cut in 0usize..=512,
    ) {
        let mut bytes = header(1 << 30);
        for (at, byte) in patches {
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        if qcow2::parse(&bytes).is_ok() {
            prop_assert_eq!(&bytes[8..20], &[0; 12]);
            prop_assert_eq!(&bytes[32..36], &[0; 4]);
            if bytes[7] == 3 {
                prop_assert_eq!(bytes[79] & !0b11001, 0);
                prop_assert_eq!(&bytes[72..79], &[0; 7]);
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = qcow2::parse(&[qcow2::MAGIC, &bytes].concat());
        let _ = inspect(&bytes);
    }
}
