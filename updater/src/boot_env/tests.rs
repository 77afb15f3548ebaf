use megh_model::slot::{BootOrder, Slot};

use super::*;

fn choice(first: Slot) -> BootChoice {
    BootChoice {
        order: BootOrder::starting_with(first),
        good: Slot::A,
    }
}

fn store() -> (tempfile::TempDir, EnvStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = EnvStore::new(dir.path().join("esp"), dir.path().join("spare"));
    (dir, store)
}

#[test]
fn both_copies_carry_what_was_written_last() {
    let (_dir, store) = store();
    assert_eq!(store.read().current, None);
    store.write(choice(Slot::A)).unwrap();
    let second = store.write(choice(Slot::B)).unwrap();
    assert_eq!(
        second,
        BootEnv::first(choice(Slot::A)).next(choice(Slot::B))
    );
    for copy in [EnvCopy::Main, EnvCopy::Spare] {
        assert_eq!(
            BootEnv::parse(&read_files(store.root(copy)).unwrap()),
            Ok(second)
        );
    }
}

#[test]
fn either_damaged_copy_is_survived_and_repaired() {
    for damaged in [EnvCopy::Main, EnvCopy::Spare] {
        for file in [BLOCK_PATH, SUM_PATH] {
            let (_dir, store) = store();
            store.write(choice(Slot::A)).unwrap();
            let newest = store.write(choice(Slot::B)).unwrap();
            fs::write(store.root(damaged).join(file), b"").unwrap();
            let reading = store.read();
            assert_eq!(
                (reading.current, reading.write_first),
                (Some(newest), damaged)
            );
            let repaired = store.write(choice(Slot::A)).unwrap();
            assert_eq!(
                BootEnv::parse(&read_files(store.root(damaged)).unwrap()),
                Ok(repaired)
            );
        }
    }
}

#[test]
fn a_copy_that_cannot_be_written_leaves_the_one_in_use_alone() {
    let (dir, store) = store();
    let written = store.write(choice(Slot::A)).unwrap();
    fs::remove_dir_all(dir.path().join("spare")).unwrap();
    fs::write(dir.path().join("spare"), b"not a directory").unwrap();
    let error = store.write(choice(Slot::B)).unwrap_err();
    assert!(error.path.starts_with(dir.path().join("spare")), "{error}");
    assert_eq!(store.read().current, Some(written));
}
