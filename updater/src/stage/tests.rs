//! Staging, step by step, on a machine that is only written down.

mod loop_disk;

use std::fs;

use megh_host::fake::FakeMachine;
use megh_model::boot_env::{GoodMark, MARK_FILE};
use megh_model::update::SLOT_FILE;

use super::*;
use crate::testing::World;

const NEW: &str = "1.1.0";

fn request(world: &World) -> StageRequest {
    StageRequest {
        from: Some(world.site().display().to_string()),
        ..StageRequest::default()
    }
}

fn world() -> World {
    let mut world = World::new();
    world.publish(NEW);
    world
}

fn stage(world: &World, machine: &dyn Machine) -> Result<Staged, UpdateError> {
    world.updater(machine).stage(&request(world), &mut |_| ())
}

fn record(world: &World, slot: Slot) -> SlotRecord {
    SlotRecord::parse(&fs::read(world.boot_dir(slot).join(SLOT_FILE)).unwrap()).unwrap()
}

#[test]
fn a_release_is_written_read_back_and_left_ready() {
    let (world, fake) = (world(), FakeMachine::new());
    let mut phases = Vec::new();
    let staged = world
        .updater(&fake)
        .stage(&request(&world), &mut |progress| {
            phases.push(progress.phase)
        })
        .unwrap();
    phases.dedup();
    let all = [
        Phase::Checking,
        Phase::Preparing,
        Phase::Writing,
        Phase::Verifying,
    ];
    assert_eq!(phases, all);
    assert_eq!((staged.slot, staged.version.as_str()), (Slot::B, NEW));
    assert_eq!(world.version_in(Slot::B), NEW);
    assert_eq!(record(&world, Slot::B).state, SlotState::Staged);
    assert!(fake.mounted().is_empty(), "{:?}", fake.mounted());
    let status = world.updater(&fake).status();
    assert_eq!(status.staged, Some(staged.clone()));
    assert!(status.problems.is_empty(), "{:?}", status.problems);
    let again = FakeMachine::new();
    assert_eq!(stage(&world, &again).unwrap(), staged);
    let writes = |step: &String| step.contains("boot-b/") && !step.starts_with("mount");
    assert!(!again.journal().iter().any(writes), "it lies ready already");
}

#[test]
fn nothing_of_the_running_system_is_written() {
    let world = world();
    let own = [
        world.boot_dir(Slot::A),
        world.places.mount(PartitionRole::Esp),
        world.places.mount(PartitionRole::EspSpare),
    ];
    let before: Vec<_> = own.iter().map(|dir| world.files(dir)).collect();
    let root = world.disk.device(PartitionRole::RootA).unwrap();
    let root_before = fs::read(root).unwrap();
    stage(&world, &FakeMachine::new()).unwrap();
    let after: Vec<_> = own.iter().map(|dir| world.files(dir)).collect();
    assert!(before == after && fs::read(root).unwrap() == root_before);
}

#[test]
fn whatever_step_fails_the_old_version_starts_and_the_next_try_succeeds() {
    let counting = FakeMachine::new();
    stage(&world(), &counting).unwrap();
    let journal = counting.journal();
    assert!(journal.len() > 60, "{} steps", journal.len());
    for (n, step) in journal.iter().enumerate() {
        let (mut world, fake) = (world(), FakeMachine::failing_at(n));
        let outcome = stage(&world, &fake);
        if let Err(error) = &outcome {
            assert!(crate::chain(error).len() > 20, "{error}");
        }
        assert!(fake.mounted().is_empty(), "step {n}: {step}");
        assert_eq!(world.start(), Slot::A, "step {n}: {step}");
        if let Err(error) = stage(&world, &FakeMachine::new()) {
            panic!("step {n}: {step}: {}", crate::chain(&error));
        }
        assert_eq!(world.version_in(Slot::B), NEW);
    }
}

#[test]
fn the_loader_has_nothing_to_start_while_the_slot_is_written() {
    let mut world = world();
    stage(&world, &FakeMachine::new()).unwrap();
    world.publish("1.2.0");
    fs::write(world.site().join("1.2.0/root.img"), b"short").unwrap();
    let error = stage(&world, &FakeMachine::new()).unwrap_err();
    assert_eq!(error.code(), "too-short");
    assert_eq!(record(&world, Slot::B).state, SlotState::Incomplete);
    let boot = world.boot_dir(Slot::B);
    for name in ["meghos.efi", "kernel", "initrd", "slot.env"] {
        assert!(!boot.join(name).exists(), "{name}");
    }
    let mark = GoodMark::parse(&fs::read(boot.join(MARK_FILE)).unwrap()).unwrap();
    assert_eq!(mark.sequence, None);
    let apply = world.updater(&FakeMachine::new()).apply(&mut |_| ());
    assert_eq!(apply.unwrap_err().code(), "nothing-staged");
}

#[test]
fn what_is_not_there_or_not_newer_is_said() {
    let world = World::new();
    let fake = FakeMachine::new();
    let updater = world.updater(&fake);
    let stage = |request: &StageRequest| updater.stage(request, &mut |_| ()).unwrap_err();
    assert_eq!(stage(&request(&world)).code(), "up-to-date");
    assert_eq!(stage(&StageRequest::default()).code(), "no-source");
    let named = |version: &str| StageRequest {
        version: Some(version.to_owned()),
        ..request(&world)
    };
    assert_eq!(stage(&named("x")).code(), "bad-version");
    assert_eq!(stage(&named("9.9.9")).code(), "release-not-listed");
    let nowhere = StageRequest {
        from: Some(world.boot_dir(Slot::A).display().to_string()),
        ..StageRequest::default()
    };
    assert_eq!(stage(&nowhere).code(), "no-release");
}
