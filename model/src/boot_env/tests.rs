//! The environment as the loader and a power cut see it.

use proptest::prelude::*;

use super::*;

fn env(sequence: u64, first: Slot, good: Slot) -> BootEnv {
    BootEnv {
        sequence,
        choice: BootChoice {
            order: BootOrder::starting_with(first),
            good,
        },
    }
}

#[test]
fn the_block_is_what_grub_reads() {
    let files = BootEnv::first(BootChoice::INSTALLED).files();
    assert_eq!(files.block.len(), BLOCK_SIZE);
    let text = String::from_utf8(files.block.clone()).unwrap();
    let variables =
        "# GRUB Environment Block\nmegh_good=a\nmegh_order=ab\nmegh_schema=1\nmegh_seq=1\n#";
    assert!(text.starts_with(variables), "{text}");
    let sum = String::from_utf8(files.sum).unwrap();
    assert_eq!(
        sum,
        format!("{}  bootenv\n", hex::encode(Sha256::digest(&files.block)))
    );
}

#[test]
fn values_outside_the_list_are_refused() {
    let altered = |from: &str, to: &str| {
        let text = String::from_utf8(env(7, Slot::A, Slot::A).files().block)
            .unwrap()
            .replace(from, to);
        let block = text.into_bytes();
        let sum = sum_line(&block).into_bytes();
        BootEnv::parse(&EnvFiles { block, sum })
    };
    assert_eq!(
        altered("megh_order=ab", "megh_order=aa"),
        Err(EnvError::Variable("megh_order"))
    );
    assert_eq!(
        altered("megh_good=a", "megh_good=c"),
        Err(EnvError::Variable("megh_good"))
    );
    assert_eq!(
        altered("megh_seq=7", "megh_seq=0"),
        Err(EnvError::Variable("megh_seq"))
    );
    assert_eq!(
        altered("megh_seq=7\n#", "megh_seq=07\n"),
        Err(EnvError::Variable("megh_seq"))
    );
    assert_eq!(
        altered("megh_seq=", "megh_sec="),
        Err(EnvError::Variable("megh_seq"))
    );
    assert_eq!(
        altered("megh_schema=1", "megh_schema=2"),
        Err(EnvError::Variable("megh_schema"))
    );
    assert_eq!(
        altered("megh_seq=7\n###########", "megh_seq=7\nmegh_seq=8\n"),
        Err(EnvError::Block(BlockError::Repeated("megh_seq".into())))
    );
    assert_eq!(
        altered("# GRUB", "# GRAB"),
        Err(EnvError::Block(BlockError::Header))
    );
    assert_eq!(
        altered("megh_good=a", "megh_good=a#"),
        Err(EnvError::Block(BlockError::Size(1025)))
    );
    assert_eq!(
        altered("megh_good=a", "megh good=a"),
        Err(EnvError::Block(BlockError::Line(2)))
    );
}

#[test]
fn the_newer_copy_wins_and_the_other_is_written_first() {
    let (old, new) = (env(1, Slot::A, Slot::A), env(2, Slot::B, Slot::A));
    for (main, spare, current, write_first) in [
        (Some(old), Some(new), Some(new), EnvCopy::Main),
        (Some(new), Some(old), Some(new), EnvCopy::Spare),
        (Some(old), Some(old), Some(old), EnvCopy::Spare),
        (Some(old), None, Some(old), EnvCopy::Spare),
        (None, Some(old), Some(old), EnvCopy::Main),
        (None, None, None, EnvCopy::Spare),
    ] {
        assert_eq!(
            choose(main, spare),
            Reading {
                current,
                write_first
            }
        );
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(sequence in 1..=MAX_SEQUENCE, first in 0..2usize, good in 0..2usize) {
        let env = env(sequence, Slot::ALL[first], Slot::ALL[good]);
        prop_assert_eq!(BootEnv::parse(&env.files()), Ok(env));
    }

    #[test]
    fn a_torn_or_damaged_copy_is_never_taken_for_another_value(cut in 0..BLOCK_SIZE, bit in 0..8u8) {
        let (old, new) = (env(1, Slot::A, Slot::A), env(2, Slot::B, Slot::B));
        let mut torn = new.files().block;
        torn[cut..].copy_from_slice(&old.files().block[cut..]);
        if torn != new.files().block {
            prop_assert_eq!(BootEnv::parse(&EnvFiles { block: torn, sum: new.files().sum }), Err(EnvError::Checksum));
        }
        let mut flipped = new.files();
        flipped.block[cut] ^= 1 << bit;
        prop_assert_eq!(BootEnv::parse(&flipped), Err(EnvError::Checksum));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..1100), text in "(# GRUB Environment Block\n)?[ -~\n]{999}") {
        for block in [bytes, text.into_bytes()] {
            let sum = sum_line(&block).into_bytes();
            let refusal = BootEnv::parse(&EnvFiles { block, sum });
            prop_assert!(refusal.is_err());
        }
    }
}
