//! A state partition without room: what must be kept is not, and all else goes on.

use super::*;

/// A machine whose state partition is full.
fn full(world: &World) -> FakeMachine {
    let fake = machine(world);
    fake.fill(world.places.kept(""));
    fake
}

fn settle_full(world: &World) {
    world.updater(&full(world)).settle().unwrap();
}

fn gate_full(world: &World) -> GateOutcome {
    world.updater(&full(world)).gate(AT_ONCE).unwrap()
}

/// A newer release is applied while nothing can be kept.
fn applied_full(version: &str, world: &mut World) {
    world.publish(version);
    let request = StageRequest {
        from: Some(world.site().display().to_string()),
        ..StageRequest::default()
    };
    let fake = full(world);
    let updater = world.updater(&fake);
    updater.check().unwrap();
    updater.stage(&request, &mut |_| ()).unwrap();
    assert_eq!(updater.apply(&mut |_| ()).unwrap(), version);
}

#[test]
fn an_update_and_the_way_back_need_no_room() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied_full(NEW, &mut world);
    assert_eq!(world.start(), Slot::B);
    settle_full(&world);
    assert_eq!(gate_full(&world), GateOutcome::Passed { committed: true });
    assert_eq!(world.start(), Slot::B);
    settle_full(&world);
    assert_eq!(gate_full(&world), GateOutcome::Passed { committed: false });
    let fake = full(&world);
    let back = world.updater(&fake).rollback(&mut |_| ()).unwrap();
    assert_eq!(back, "1.0.0");
    assert_eq!(world.start(), Slot::A);
    settle_full(&world);
    assert_eq!(gate_full(&world), GateOutcome::Passed { committed: false });
}

#[test]
fn a_trial_that_could_not_be_noted_is_told_from_the_disk() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied_full(NEW, &mut world);
    for _ in 0..3 {
        assert_eq!(world.start(), Slot::B);
    }
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    let ended = last(&world);
    assert_eq!(
        (ended.version.as_str(), ended.from_version.as_str()),
        (NEW, "1.0.0")
    );
    assert_eq!(ended.outcome, TrialOutcome::Failed);
}

#[test]
fn a_rollback_of_a_trial_is_not_told_as_a_failure_for_want_of_room() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied(NEW, &mut world);
    assert_eq!(world.start(), Slot::B);
    settle(&world);
    let fake = full(&world);
    world.updater(&fake).rollback(&mut |_| ()).unwrap();
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    assert_eq!(trial::last(&fake, &world.places), None);
}

#[test]
fn settling_once_is_enough_whatever_could_not_be_kept() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied(NEW, &mut world);
    for _ in 0..4 {
        world.start();
    }
    settle_full(&world);
    stage("1.2.0", &mut world);
    apply("1.2.0", &world);
    settle(&world);
    assert_eq!(world.start(), Slot::B, "the order stands");
}

#[test]
fn an_order_stands_also_where_nobody_has_settled() {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    applied(NEW, &mut world);
    settle(&world);
    assert_eq!(world.start(), Slot::B);
}

#[test]
fn a_memory_that_another_check_has_renewed_meanwhile_is_not_set_back() {
    let world = World::new();
    world.daemon(GatePart::passed("fine"));
    gate(&world);
    let fake = FakeMachine::new();
    let updater = world.updater(&fake);
    let settings = updater.settings();
    let examiner = updater.examiner(&settings);
    let read_before = examiner.trust();
    let raised = read_before.with_floor("1.5.0".parse().unwrap());
    examiner.keep_trust(&raised).unwrap();
    let mut later = read_before;
    later.seen += 1;
    examiner.keep_trust(&later).unwrap();
    let kept = examiner.trust();
    assert_eq!((kept.floor, kept.seen), (raised.floor, later.seen));
}

#[test]
fn a_failed_trial_whose_reason_cannot_be_kept_is_left_all_the_same() {
    let mut world = World::new();
    world.daemon(GatePart::failed("the pool is away"));
    applied(NEW, &mut world);
    assert_eq!(world.start(), Slot::B);
    settle(&world);
    // Neither the reason nor the journal can be written.
    let in_the_way = ["last-trial.json~", "last-trial.journal~"];
    for name in in_the_way {
        fs::create_dir_all(world.places.kept(name)).unwrap();
    }
    let left = gate(&world);
    assert!(
        matches!(left, GateOutcome::Failed { go_back: true, .. }),
        "{left:?}"
    );
    for name in in_the_way {
        fs::remove_dir(world.places.kept(name)).unwrap();
    }
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    assert_eq!(last(&world).outcome, TrialOutcome::Failed);
}
