mod damage;
mod loop_disk;

use std::fs::File;
use std::os::unix::fs::FileExt;

use megh_host::efi::BootEntries;
use megh_host::fake::FakeMachine;

use super::*;
use crate::testing::{DISK, World};

const OLD: &[u8] = b"an old system";

fn install(world: &World, machine: &dyn Machine) -> (Result<(), ExecuteError>, Vec<Event>) {
    let release = world.release();
    let plan = Plan {
        deactivate: vec!["oldgroup".into()],
        ..world.plan(&release)
    };
    carry_out(world, machine, &release, &plan)
}

fn carry_out(
    world: &World,
    machine: &dyn Machine,
    release: &Release,
    plan: &Plan,
) -> (Result<(), ExecuteError>, Vec<Event>) {
    let run = world.path("run");
    let other_partitions = BTreeSet::new();
    let task = Task {
        release,
        plan,
        identities: Identities::random(),
        other_partitions,
        run: &run,
        secure_boot: &world.path("secure-boot"),
    };
    let mut events = Vec::new();
    let outcome = execute(machine, &task, &mut |event| events.push(event));
    (outcome, events)
}

/// The first and the last MiB of the disk.
fn ends(world: &World) -> Vec<u8> {
    let disk = File::open(world.path("disk")).unwrap();
    let mut ends = vec![0; 2 << 20];
    disk.read_exact_at(&mut ends[..1 << 20], 0).unwrap();
    disk.read_exact_at(&mut ends[1 << 20..], DISK.0 - (1 << 20))
        .unwrap();
    ends
}

fn world_with_an_old_system() -> World {
    let world = World::new();
    let disk = File::options()
        .write(true)
        .open(world.path("disk"))
        .unwrap();
    disk.write_all_at(OLD, 0).unwrap();
    world
}

#[test]
fn a_good_installation_passes_every_phase_and_leaves_nothing_mounted() {
    let (world, fake) = (World::new(), FakeMachine::new());
    let (outcome, events) = install(&world, &fake);
    outcome.unwrap();
    let mut phases: Vec<Phase> = events
        .iter()
        .filter_map(|event| match event {
            Event::Progress { phase, .. } => Some(*phase),
            _ => None,
        })
        .collect();
    phases.dedup();
    assert_eq!(phases, Phase::ALL);
    let all_bytes =
        |event: &Event| matches!(event, Event::Progress { bytes, total, .. } if bytes == total);
    assert!(
        events.iter().any(all_bytes),
        "the last report is of all bytes"
    );
    assert!(matches!(events.last(), Some(Event::Done { .. })));
    assert!(fake.mounted().is_empty() && fake.attached().is_empty());
    let [
        BootEntries {
            partitions, loader, ..
        },
    ] = &fake.boot_entries()[..]
    else {
        panic!("entries are made once")
    };
    assert_eq!((partitions[0].number, partitions[1].number), (2, 3));
    assert_eq!(loader, r"\EFI\BOOT\BOOTX64.EFI");
}

#[test]
fn the_table_is_written_after_everything_else() {
    let (world, fake) = (World::new(), FakeMachine::new());
    install(&world, &fake).0.unwrap();
    let journal = fake.journal();
    let last = |what: &str| {
        journal
            .iter()
            .rposition(|step| step.contains(what))
            .unwrap()
    };
    let first_sector = last("disk write 0+512");
    let root = format!("disk write {}+", 1539 << 20);
    for earlier in [
        root.as_str(),
        "mount-state/site.toml",
        "vgchange",
        "disk write 512+",
    ] {
        assert!(last(earlier) < first_sector, "{earlier}");
    }
    assert!(first_sector < last("register boot entries"));
}

#[test]
fn keys_are_enrolled_on_request_only_and_without_them_the_installation_stands() {
    let world = World::new();
    let release = world.release();
    let asked = Plan {
        enrol_secure_boot: true,
        ..world.plan(&release)
    };
    let enrolled = |fake: &FakeMachine| {
        let journal = fake.journal();
        journal.iter().any(|step| step == "enrol Secure Boot keys")
    };
    let warned = |events: &[Event]| {
        let about = |event: &Event| matches!(event, Event::Warning { message } if message.contains("Secure Boot"));
        events.iter().any(about)
    };
    let fake = FakeMachine::new();
    let (outcome, events) = carry_out(&world, &fake, &release, &world.plan(&release));
    assert!(outcome.is_ok() && !enrolled(&fake) && !warned(&events));

    let fake = FakeMachine::new();
    let (outcome, events) = carry_out(&world, &fake, &release, &asked);
    assert!(
        outcome.is_ok() && !enrolled(&fake) && warned(&events),
        "no files, no keys"
    );

    std::fs::create_dir(world.path("secure-boot")).unwrap();
    for file in ["db.auth", "KEK.auth", "PK.auth"] {
        std::fs::write(world.path("secure-boot").join(file), file).unwrap();
    }
    let fake = FakeMachine::new();
    let (outcome, events) = carry_out(&world, &fake, &release, &asked);
    assert!(outcome.is_ok() && enrolled(&fake) && !warned(&events));
}

/// A step that fails here does not matter.
fn is_optional(step: &str) -> bool {
    step == "register boot entries"
        || step.starts_with("blockdev --rereadpt")
        || step.contains("--direct-io=on")
}

#[test]
fn whatever_step_fails_nothing_stays_mounted_and_the_disk_is_old_or_empty() {
    let counting = FakeMachine::new();
    install(&world_with_an_old_system(), &counting).0.unwrap();
    let journal = counting.journal();
    assert!(journal.len() > 60, "{} steps", journal.len());
    for (n, step) in journal.iter().enumerate() {
        let (world, fake) = (world_with_an_old_system(), FakeMachine::failing_at(n));
        let outcome = install(&world, &fake).0;
        assert_eq!(
            (fake.mounted().len(), fake.attached().len()),
            (0, 0),
            "step {n}: {step}"
        );
        let Err(error) = outcome else {
            assert!(is_optional(step), "step {n} failed without notice: {step}");
            continue;
        };
        let text = crate::session::chain(&error);
        assert!(
            text.starts_with(&error.phase.to_string()) && text.len() > 40,
            "{text}"
        );
        let ends = ends(&world);
        let untouched = ends.starts_with(OLD) && error.phase <= Phase::Wipe;
        let empty = ends.iter().all(|byte| *byte == 0);
        assert!(untouched || empty, "step {n}: {step}: {text}");
    }
}
