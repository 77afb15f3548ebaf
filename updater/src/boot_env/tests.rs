use megh_host::fake::FakeMachine;
use megh_model::slot::{BootChoice, Slot};

use super::*;

const A: BootEnv = BootEnv::first(BootChoice::settled(Slot::A));
const B: BootEnv = A.next(BootChoice::settled(Slot::B));

fn store() -> (tempfile::TempDir, EnvStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = EnvStore::new(dir.path().join("esp"), dir.path().join("spare"));
    store.put(&FakeMachine::new(), A).unwrap();
    (dir, store)
}

#[test]
fn both_copies_carry_what_was_written_last() {
    let (_dir, store) = store();
    assert_eq!(store.read().current, Some(A));
    store.put(&FakeMachine::new(), B).unwrap();
    for copy in [EnvCopy::Main, EnvCopy::Spare] {
        assert_eq!(store.copy(copy), Some(B));
    }
    let idle = FakeMachine::new();
    store.put(&idle, B).unwrap();
    assert_eq!(idle.steps(), 0, "what is right is left alone");
}

#[test]
fn at_every_moment_one_copy_is_whole() {
    for step in 0..4 {
        let (_dir, store) = store();
        assert!(store.put(&FakeMachine::failing_at(step), B).is_err());
        let current = store.read().current;
        assert_eq!(current, Some(if step < 2 { A } else { B }), "step {step}");
        store.put(&FakeMachine::new(), B).unwrap();
        assert_eq!(store.copy(EnvCopy::Main), store.copy(EnvCopy::Spare));
    }
}

#[test]
fn either_damaged_copy_is_survived_and_repaired() {
    for damaged in [EnvCopy::Main, EnvCopy::Spare] {
        for file in [BLOCK_PATH, SUM_PATH] {
            let (_dir, store) = store();
            fs::write(store.root(damaged).unwrap().join(file), b"").unwrap();
            let reading = store.read();
            assert_eq!((reading.current, reading.write_first), (Some(A), damaged));
            store.put(&FakeMachine::new(), A).unwrap();
            assert_eq!(store.copy(damaged), Some(A));
        }
    }
}

#[test]
fn the_marker_lies_on_the_first_copy_alone() {
    let (dir, store) = store();
    assert_eq!(store.marker(), None);
    store
        .put_marker(&FakeMachine::new(), Marker::fresh(4))
        .unwrap();
    assert_eq!(store.marker(), Some(Marker::fresh(4)));
    assert!(!dir.path().join("spare").join(MARKER_PATH).exists());
}

#[test]
fn a_copy_that_is_not_mounted_is_left_out_and_without_any_nothing_is_written() {
    let (dir, store) = store();
    let fake = FakeMachine::new();
    let half = EnvStore::of_mounted(None, Some(dir.path().join("spare")));
    half.put(&fake, B).unwrap();
    assert_eq!(half.copy(EnvCopy::Main), None);
    assert_eq!(store.copy(EnvCopy::Main), Some(A), "not written");
    assert_eq!(store.read().current, Some(B), "the newer one is in force");
    let marker = half.put_marker(&fake, Marker::fresh(2));
    assert!(matches!(marker, Err(PutError::NotMounted)));
    let none = EnvStore::of_mounted(None, None);
    assert!(matches!(none.put(&fake, B), Err(PutError::NotMounted)));
}
