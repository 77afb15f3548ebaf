use std::fs;
use std::os::unix::fs::FileExt;

use super::testing::{MIB, World};
use super::*;
use crate::write_log::{Base, DiskState, Extents, Source, WriteLog};

#[test]
fn a_whole_disk_is_judged_whole_and_its_trial_is_next() {
    let verdict = World::new().verdict();
    assert!(verdict.violations.is_empty(), "{verdict:?}");
    let choice = verdict.choice.expect("a choice");
    assert_eq!(choice.slot, SlotName::B);
    assert_eq!(
        choice.environment.map(|found| found.good),
        Some(SlotName::A)
    );
    assert_eq!(verdict.version.as_deref(), Some("2.0.0"));
}

#[test]
fn damage_to_what_would_be_started_is_found_by_name() {
    for (partition, path) in [
        ("boot-b", "meghos.efi"),
        ("boot-b", "kernel"),
        ("boot-b", "initrd"),
        ("boot-a", "meghos.efi"),
        ("esp", "EFI/BOOT/BOOTX64.EFI"),
        ("esp-spare", "EFI/BOOT/grubx64.efi"),
    ] {
        let world = World::new();
        world.spoil(partition, path);
        let found = world.violation();
        assert!(found.contains(path), "{found}");
    }
    for slot in ["root-a", "root-b"] {
        let world = World::new();
        world.put(slot, 12_000, b"spoiled");
        let found = world.violation();
        assert!(found.contains("its root is not that of"), "{found}");
    }
}

#[test]
fn a_lost_environment_or_table_or_state_is_found() {
    let world = World::new();
    world.spoil("esp", "meghos/bootenv");
    let verdict = world.verdict();
    assert!(
        verdict.violations.is_empty(),
        "the spare copy is in force: {verdict:?}"
    );
    assert_eq!(verdict.choice.map(|choice| choice.slot), Some(SlotName::A));
    world.spoil("esp-spare", "meghos/bootenv.sum");
    assert!(world.violation().contains("both copies"));

    let world = World::new();
    world.put("state", 1024 + 56, &[0, 0]);
    assert!(world.violation().contains("state partition"));

    let world = World::new();
    fs::File::options()
        .write(true)
        .open(&world.disk)
        .and_then(|disk| disk.write_all_at(&[0xff], 512 + 80))
        .expect("written");
    assert!(world.violation().contains("partition table"));
}

#[test]
fn a_slot_nobody_would_start_may_be_in_any_state() {
    let world = World::new();
    world.environment("esp", "megh_seq=3\nmegh_order=ab\nmegh_good=a\n", "");
    world.put("boot-b", 0, &vec![0; MIB as usize]);
    world.put("root-b", 0, b"half");
    let verdict = world.verdict();
    assert!(verdict.violations.is_empty(), "{verdict:?}");
    assert_eq!(verdict.version.as_deref(), Some("1.0.0"));
}

#[test]
fn the_same_judge_sees_what_was_written_since() {
    let world = World::new();
    let base = Base::open(&world.disk).expect("opens");
    let log = WriteLog::empty();
    let state = DiskState::new(base, &log);
    let mut checker = Checker::new(world.known.clone());
    let none = Extents::default();
    assert!(checker.check(&state.with(&none)).violations.is_empty());
    let mut zeroed = Extents::default();
    let sector = world.places["root-b"] / 512;
    zeroed.write(sector..sector + 1, Source::Zero);
    assert_eq!(checker.check(&state.with(&zeroed)).violations.len(), 1);
    assert!(checker.check(&state.with(&none)).violations.is_empty());
}
