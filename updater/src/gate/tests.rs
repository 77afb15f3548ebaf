//! Whole updates: staged, applied, started, and kept or left.

use std::fs;

use megh_host::fake::FakeMachine;
use megh_model::layout::PartitionRole;
use megh_model::release::{PartKind, TRUST_FILE};
use megh_model::slot::Slot;
use megh_model::update::{ESP_FILES, GatePart, SlotState, TRIAL_JOURNAL_FILE};

mod full;
mod order;
mod partial;

use super::*;
use crate::StageRequest;
use crate::testing::{World, content};

const NEW: &str = "1.1.0";
const AT_ONCE: GateTiming = GateTiming {
    deadline: Duration::ZERO,
    pause: Duration::ZERO,
};

/// A newer release lies ready.
fn stage(version: &str, world: &mut World) {
    world.publish(version);
    let request = StageRequest {
        from: Some(world.site().display().to_string()),
        ..StageRequest::default()
    };
    let fake = FakeMachine::new();
    world.updater(&fake).stage(&request, &mut |_| ()).unwrap();
}

/// A machine on which a newer release was applied, before its restart.
fn applied(version: &str, world: &mut World) {
    stage(version, world);
    apply(version, world);
}

/// What lies ready is applied.
fn apply(version: &str, world: &World) {
    let fake = FakeMachine::new();
    let ordered = world.updater(&fake).apply(&mut |_| ()).unwrap();
    assert_eq!(ordered, version);
}

fn settle(world: &World) {
    world.updater(&machine(world)).settle().unwrap();
}

fn gate(world: &World) -> GateOutcome {
    world.updater(&machine(world)).gate(AT_ONCE).unwrap()
}

/// A machine whose journal knows all boots.
fn machine(world: &World) -> FakeMachine {
    let fake = FakeMachine::new();
    let now = fs::read_to_string(world.places.path("/proc/sys/kernel/random/boot_id")).unwrap();
    let last = u64::from_str_radix(now.trim(), 16).unwrap();
    let boot = |n: u64| {
        format!(r#"{{"index":0,"boot_id":"{n:032x}","first_entry":{n},"last_entry":{n}}}"#)
    };
    let boots: Vec<String> = (1..=last).map(boot).collect();
    fake.answer("journalctl", "what was logged");
    fake.answer(
        "journalctl --no-pager --quiet --list-boots",
        format!("[{}]", boots.join(",")),
    );
    fake
}

fn last(world: &World) -> LastTrial {
    trial::last(&FakeMachine::new(), &world.places).expect("a trial has ended")
}

#[test]
fn there_and_back_again() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    for (version, slot) in [(NEW, Slot::B), ("1.2.0", Slot::A)] {
        let before = world.disk.version.clone();
        applied(version, &mut world);
        assert_eq!(world.start(), slot);
        settle(&world);
        let status = world.updater(&FakeMachine::new()).status();
        assert_eq!(status.trial.map(|trial| trial.attempt), Some(1));
        assert_eq!(gate(&world), GateOutcome::Passed { committed: true });
        let ended = last(&world);
        assert_eq!(ended.outcome, TrialOutcome::Committed);
        assert_eq!(
            (ended.version.as_str(), ended.from_version),
            (version, before)
        );
        let status = world.updater(&FakeMachine::new()).status();
        assert_eq!((status.version.as_str(), status.trial), (version, None));
        assert!(
            status
                .slots
                .iter()
                .all(|slot| slot.state == SlotState::Good)
        );
        assert!(status.problems.is_empty(), "{:?}", status.problems);
        assert_eq!(status.floor.as_deref(), Some("1.0.0"));
        assert_eq!(world.start(), slot, "it stays");
        settle(&world);
        assert_eq!(gate(&world), GateOutcome::Passed { committed: false });
        assert_eq!(last(&world).version, version);
    }
    let fake = FakeMachine::new();
    assert_eq!(world.updater(&fake).rollback(&mut |_| ()).unwrap(), NEW);
    assert_eq!(world.start(), Slot::B);
    settle(&world);
    assert_eq!(gate(&world), GateOutcome::Passed { committed: false });
    assert_eq!(last(&world).outcome, TrialOutcome::RolledBack);
}

#[test]
fn what_a_person_orders_while_the_gate_waits_stands() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied(NEW, &mut world);
    assert_eq!(gate(&world), GateOutcome::Left);
    assert_eq!(world.start(), Slot::B, "the trial begins all the same");
    settle(&world);
    world
        .updater(&FakeMachine::new())
        .rollback(&mut |_| ())
        .unwrap();
    assert_eq!(gate(&world), GateOutcome::Left);
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    assert_eq!(gate(&world), GateOutcome::Passed { committed: false });
    assert_eq!(last(&world).outcome, TrialOutcome::RolledBack);
    applied("1.2.0", &mut world);
    let commit = world.updater(&FakeMachine::new()).commit().unwrap();
    assert_eq!(commit, GateOutcome::Passed { committed: false });
    assert_eq!(world.start(), Slot::A, "a commit takes the order back");
    settle(&world);
    assert_eq!(
        last(&world).outcome,
        TrialOutcome::RolledBack,
        "nothing was tried"
    );
}

#[test]
fn the_loaders_and_the_floor_follow_a_commit_and_not_before() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied(NEW, &mut world);
    world.start();
    settle(&world);
    let loader = |world: &World, role| {
        let (kind, name) = ESP_FILES[1];
        let found = fs::read(world.places.mount(role).join(name)).unwrap();
        (found == content(kind, NEW), found == content(kind, "1.0.0"))
    };
    assert_eq!(loader(&world, PartitionRole::Esp), (false, true));
    assert!(
        !String::from_utf8_lossy(&fs::read(world.places.kept(TRUST_FILE)).unwrap())
            .contains("\"floor\": \"1")
    );
    gate(&world);
    for role in [PartitionRole::Esp, PartitionRole::EspSpare] {
        assert_eq!(loader(&world, role), (true, false));
    }
    let trust = String::from_utf8(fs::read(world.places.kept(TRUST_FILE)).unwrap()).unwrap();
    assert!(trust.contains("\"floor\": \"1.0.0\""), "{trust}");
    assert_eq!(PartKind::GrubEfi, ESP_FILES[1].0);
}

#[test]
fn a_version_that_fails_the_gate_is_left_with_the_reason_and_its_journal() {
    let mut world = World::new();
    world.daemon(GatePart::failed("the pool is away"));
    applied(NEW, &mut world);
    assert_eq!(world.start(), Slot::B);
    settle(&world);
    let GateOutcome::Failed { reason, go_back } = gate(&world) else {
        panic!("it must fail")
    };
    assert_eq!((reason.as_str(), go_back), ("pool: the pool is away", true));
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    let ended = last(&world);
    assert_eq!((ended.outcome, ended.journal), (TrialOutcome::Failed, true));
    assert!(
        ended.reason.contains("the pool is away"),
        "{}",
        ended.reason
    );
    assert!(
        ended
            .checks
            .iter()
            .any(|check| check.name == "pool" && !check.passed)
    );
    assert!(world.places.kept(TRIAL_JOURNAL_FILE).exists());
    let status = world.updater(&FakeMachine::new()).status();
    assert_eq!(status.slots[1].state, SlotState::Failed);
    let stays = gate(&world);
    assert!(
        matches!(stays, GateOutcome::Failed { go_back: false, .. }),
        "{stays:?}"
    );
    assert_eq!(world.start(), Slot::A);
}

#[test]
fn a_version_that_never_comes_up_is_left_after_three_starts() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied(NEW, &mut world);
    for _ in 0..3 {
        assert_eq!(world.start(), Slot::B);
    }
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    let ended = last(&world);
    assert_eq!(ended.outcome, TrialOutcome::Failed);
    assert!(
        ended.journal && ended.reason.contains("health gate"),
        "{}",
        ended.reason
    );
    assert_eq!(gate(&world), GateOutcome::Passed { committed: false });
    assert_eq!(world.start(), Slot::A);
    assert_eq!(last(&world), ended, "told once");
}

#[test]
fn a_good_version_that_does_not_come_up_gives_way_and_that_is_told() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied(NEW, &mut world);
    world.start();
    settle(&world);
    gate(&world);
    for _ in 0..5 {
        assert_eq!(world.start(), Slot::B);
    }
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    gate(&world);
    let ended = last(&world);
    assert_eq!(
        (ended.version.as_str(), ended.outcome),
        (NEW, TrialOutcome::Failed)
    );
    assert_eq!(world.start(), Slot::A);
}

#[test]
fn whatever_step_of_a_commit_fails_a_version_that_works_is_kept_in_the_end() {
    let prepared = || {
        let mut world = World::new();
        world.daemon(GatePart::passed("fine"));
        applied(NEW, &mut world);
        world.start();
        world
    };
    let both = |world: &World, fake: &FakeMachine| {
        let updater = world.updater(fake);
        updater.settle().and_then(|()| updater.gate(AT_ONCE))
    };
    let counting = FakeMachine::new();
    both(&prepared(), &counting).unwrap();
    for (n, step) in counting.journal().iter().enumerate() {
        let mut world = prepared();
        let fake = FakeMachine::failing_at(n);
        let _outcome = both(&world, &fake);
        assert!(fake.mounted().is_empty(), "step {n}: {step}");
        // The power fails here.
        world.start();
        settle(&world);
        gate(&world);
        let slot = world.start();
        let facts = world.env().read().current.expect("an environment");
        assert_eq!(facts.choice().good, slot, "step {n}: {step}");
        assert_eq!(world.disk.version, world.version_in(slot));
    }
}

#[test]
fn a_control_plane_that_ends_again_and_again_ends_a_trial_at_once_and_nothing_else() {
    let patient = GateTiming {
        deadline: Duration::from_secs(3600),
        pause: Duration::from_secs(3600),
    };
    let mut world = World::new();
    let asked = |fake: &FakeMachine| fake.journal().iter().any(|step| step.contains("systemctl"));
    let crashing = |world: &World| {
        let fake = machine(world);
        fake.answer("systemctl show", "NRestarts=10\nActiveState=activating");
        fake
    };
    let fake = crashing(&world);
    let stays = world.updater(&fake).gate(AT_ONCE).unwrap();
    assert!(matches!(stays, GateOutcome::Failed { go_back: false, .. }));
    assert!(!asked(&fake), "outside of a trial the gate waits");
    applied(NEW, &mut world);
    assert_eq!(world.start(), Slot::B);
    settle(&world);
    let fake = crashing(&world);
    let GateOutcome::Failed { reason, go_back } = world.updater(&fake).gate(patient).unwrap()
    else {
        panic!("it must fail")
    };
    assert!(go_back && asked(&fake));
    assert_eq!(
        reason,
        "daemon: The control plane was started 11 times and ended each time."
    );
    let ended = last(&world);
    assert!(
        ended.reason.contains("started 11 times"),
        "{}",
        ended.reason
    );
    assert_eq!(ended.outcome, TrialOutcome::Failed);
    assert_eq!(world.start(), Slot::A);
}

#[test]
fn a_damaged_memory_of_documents_is_told_and_does_not_forget_the_floor() {
    let world = World::new();
    world.daemon(GatePart::passed("fine"));
    let path = world.places.kept(TRUST_FILE);
    assert_eq!(gate(&world), GateOutcome::Passed { committed: false });
    for damage in [&b"{\"schema\":1,"[..], b"", b"{\"schema\":2}"] {
        fs::write(&path, damage).unwrap();
        let fake = FakeMachine::new();
        let updater = world.updater(&fake);
        let settings = updater.settings();
        let trust = updater.examiner(&settings).trust();
        let floor = trust.floor.map(|floor| floor.to_string());
        assert_eq!(floor.as_deref(), Some("1.0.0"));
        assert!(trust.seen > 0);
        let problems = updater.status_anew().problems;
        assert!(
            problems
                .iter()
                .any(|problem| problem.contains("trust.json"))
        );
        assert_eq!(gate(&world), GateOutcome::Passed { committed: false });
        assert!(updater.status_anew().problems.is_empty());
        assert_eq!(updater.examiner(&settings).kept_trust(), Ok(Some(trust)));
        assert!(fake.mounted().is_empty());
    }
}
