//! Orders that the power, the disk or a person got in the way of.

use megh_model::boot_env::MARKER_PATH;

use super::*;

/// A machine on which a newer release lies ready.
fn staged() -> World {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    stage(NEW, &mut world);
    world
}

fn told(world: &World) -> Option<TrialOutcome> {
    let last = trial::last(&FakeMachine::new(), &world.places);
    last.map(|last| last.outcome)
}

/// Nothing is told of a version that lies ready and was never started.
fn untried(world: &World, case: &str) {
    let status = world.updater(&FakeMachine::new()).status();
    assert_eq!(status.last_trial, None, "{case}");
    let ready = status.staged.map(|staged| staged.version);
    assert_eq!(ready.as_deref(), Some(NEW), "{case}");
    assert!(!world.places.kept("pending.json").exists(), "{case}");
}

#[test]
fn an_order_that_the_power_cut_off_is_no_failed_trial() {
    let counting = FakeMachine::new();
    staged().updater(&counting).apply(&mut |_| ()).unwrap();
    let mut never_begun = 0;
    for (n, step) in counting.journal().iter().enumerate() {
        let case = format!("step {n}: {step}");
        let mut world = staged();
        let dying = FakeMachine::dying_at(n);
        let _cut_off = world.updater(&dying).apply(&mut |_| ());
        if world.start() == Slot::A {
            never_begun += 1;
            settle(&world);
            untried(&world, &case);
            gate(&world);
            untried(&world, &case);
            apply(NEW, &world);
            assert_eq!(world.start(), Slot::B, "{case}");
        }
        settle(&world);
        gate(&world);
        assert_eq!(told(&world), Some(TrialOutcome::Committed), "{case}");
    }
    assert!(never_begun > 5, "{never_begun}");
}

#[test]
fn an_order_whose_tries_cannot_be_counted_is_no_failed_trial() {
    let mut world = staged();
    apply(NEW, &world);
    let marker = world.places.mount(PartitionRole::Esp).join(MARKER_PATH);
    fs::write(marker, "damaged").unwrap();
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    untried(&world, "the loader could not note a try");
}

#[test]
fn a_version_that_was_passed_over_in_the_menu_still_lies_ready() {
    let mut world = staged();
    apply(NEW, &world);
    world.start_by_hand(Slot::A);
    settle(&world);
    assert_eq!(told(&world), Some(TrialOutcome::RolledBack));
    let status = world.updater(&FakeMachine::new()).status();
    assert_eq!(status.slots[1].state, SlotState::Staged);
}

#[test]
fn a_trial_that_the_power_cut_short_is_told_as_begun() {
    let mut world = staged();
    apply(NEW, &world);
    assert_eq!(world.start(), Slot::B);
    world.start_by_hand(Slot::A);
    settle(&world);
    assert_eq!(told(&world), Some(TrialOutcome::RolledBack));
    let status = world.updater(&FakeMachine::new()).status();
    assert_eq!(status.slots[1].state, SlotState::Failed);
}

#[test]
fn whatever_step_of_settling_is_cut_off_a_failed_trial_is_told() {
    let spent = || {
        let mut world = staged();
        apply(NEW, &world);
        for _ in 0..3 {
            assert_eq!(world.start(), Slot::B);
        }
        assert_eq!(world.start(), Slot::A);
        world
    };
    let counting = machine(&World::new());
    spent().updater(&counting).settle().unwrap();
    for n in 0..counting.steps() {
        let mut world = spent();
        let _cut_off = world.updater(&FakeMachine::dying_at(n)).settle();
        assert_eq!(world.start(), Slot::A, "step {n}");
        settle(&world);
        assert_eq!(told(&world), Some(TrialOutcome::Failed), "step {n}");
        let status = world.updater(&FakeMachine::new()).status();
        assert_eq!(status.slots[1].state, SlotState::Failed, "step {n}");
        assert!(!world.places.kept("pending.json").exists(), "step {n}");
    }
}

#[test]
fn staging_something_else_takes_an_order_back() {
    let mut world = staged();
    apply(NEW, &world);
    stage("1.2.0", &mut world);
    assert_eq!(gate(&world), GateOutcome::Passed { committed: false });
    assert_eq!(world.start(), Slot::A);
    settle(&world);
    assert_eq!(told(&world), None);
}

#[test]
fn an_order_that_could_not_be_written_is_no_trial() {
    let counting = FakeMachine::new();
    staged().updater(&counting).apply(&mut |_| ()).unwrap();
    for (n, step) in counting.journal().iter().enumerate() {
        let mut world = staged();
        let outcome = world
            .updater(&FakeMachine::failing_at(n))
            .apply(&mut |_| ());
        let slot = world.start();
        settle(&world);
        let told = trial::last(&FakeMachine::new(), &world.places);
        assert!(
            outcome.is_ok() || slot == Slot::B || told.is_none(),
            "step {n}: {step}"
        );
        gate(&world);
        assert_eq!(world.start(), slot, "step {n}: {step}");
    }
}
