//! Partitions that cannot be mounted, writes that stop half way, and somebody
//! else at work.

use megh_model::update::SLOT_FILE;

use super::*;

/// A machine on which a newer release lies ready.
fn staged() -> World {
    let mut world = World::new();
    world.daemon(GatePart::passed("fine"));
    stage(NEW, &mut world);
    world
}

fn without(world: &World, roles: &[PartitionRole]) -> FakeMachine {
    let fake = machine(world);
    for role in roles {
        fake.refuse_mount(world.places.mount(*role));
    }
    fake
}

#[test]
fn a_trial_is_not_ordered_where_its_marker_cannot_be_written() {
    let world = staged();
    let mounts = world.places.run("mount");
    let before = world.files(&mounts);
    let fake = without(&world, &[PartitionRole::Esp]);
    let error = world.updater(&fake).apply(&mut |_| ()).unwrap_err();
    assert_eq!(error.code(), "mount-failed");
    assert!(error.to_string().contains("partition esp of disk vda"));
    assert!(error.hint().is_some());
    assert!(before == world.files(&mounts), "nothing was written");
}

#[test]
fn one_partition_is_enough_for_a_commit_and_none_is_an_error() {
    for (missing, works) in [
        (&[PartitionRole::Esp][..], true),
        (&[PartitionRole::EspSpare], true),
        (&[PartitionRole::Esp, PartitionRole::EspSpare], false),
    ] {
        let mut world = staged();
        apply(NEW, &world);
        assert_eq!(world.start(), Slot::B);
        settle(&world);
        let not_mounted: Vec<_> = missing
            .iter()
            .map(|role| world.places.mount(*role))
            .collect();
        let files = |world: &World| {
            not_mounted
                .iter()
                .map(|dir| world.files(dir))
                .collect::<Vec<_>>()
        };
        let before = files(&world);
        let outcome = world.updater(&without(&world, missing)).gate(AT_ONCE);
        assert_eq!(outcome.is_ok(), works, "{missing:?}: {outcome:?}");
        assert!(
            before == files(&world),
            "{missing:?}: nothing is written there"
        );
        if let Err(error) = outcome {
            assert!(error.to_string().contains("esp and esp-spare"), "{error}");
        } else {
            assert_eq!(world.start(), Slot::B, "{missing:?}");
        }
    }
}

#[test]
fn repair_names_what_it_cannot_mount() {
    let world = World::new();
    let fake = without(&world, &[PartitionRole::EspSpare]);
    let error = world.updater(&fake).repair(crate::RepairRequest::default());
    let error = error.unwrap_err();
    assert!(error.to_string().contains("partition esp-spare"), "{error}");
}

#[test]
fn an_order_that_stops_half_way_says_that_it_stands() {
    let counting = FakeMachine::new();
    staged().updater(&counting).apply(&mut |_| ()).unwrap();
    let mut half = 0;
    for n in 0..counting.steps() {
        let mut world = staged();
        let fake = FakeMachine::failing_at(n);
        let outcome = world.updater(&fake).apply(&mut |_| ());
        let stands = world.start() == Slot::B;
        match outcome {
            Ok(_) => assert!(stands, "step {n}"),
            Err(error) => assert_eq!(error.code() == "half-ordered", stands, "step {n}: {error}"),
        }
        half += usize::from(stands);
    }
    assert!(half > 1, "{half}");
}

#[test]
fn a_rollback_that_stops_half_way_is_told_as_one() {
    let on_trial = || {
        let mut world = staged();
        apply(NEW, &world);
        assert_eq!(world.start(), Slot::B);
        settle(&world);
        world
    };
    let counting = FakeMachine::new();
    on_trial().updater(&counting).rollback(&mut |_| ()).unwrap();
    let mut half = 0;
    for n in 0..counting.steps() {
        let mut world = on_trial();
        let fake = FakeMachine::failing_at(n);
        let outcome = world.updater(&fake).rollback(&mut |_| ());
        if world.start() == Slot::B {
            let code = outcome.map_err(|error| error.code());
            assert_ne!(code, Err("half-ordered"), "step {n}");
            continue;
        }
        half += usize::from(outcome.is_err());
        settle(&world);
        let told = trial::last(&FakeMachine::new(), &world.places);
        // What was not kept is not made up.
        let outcome = told.map(|told| told.outcome);
        let right = [None, Some(TrialOutcome::RolledBack)].contains(&outcome);
        assert!(right, "step {n}: {outcome:?}");
    }
    assert!(half > 0);
}

#[test]
fn a_trial_is_left_also_when_the_gate_cannot_write_that_it_failed() {
    let on_trial = || {
        let mut world = World::new();
        world.daemon(GatePart::failed("the pool is away"));
        applied(NEW, &mut world);
        assert_eq!(world.start(), Slot::B);
        settle(&world);
        world
    };
    let counting = FakeMachine::new();
    on_trial().updater(&counting).gate(AT_ONCE).unwrap();
    let journal = counting.journal();
    let writes = |step: &str| step.starts_with("overwrite");
    let steps = (0..journal.len()).filter(|n| writes(&journal[*n]));
    for n in steps {
        let world = on_trial();
        let fake = FakeMachine::failing_at(n);
        let left = world.updater(&fake).gate(AT_ONCE);
        assert!(
            matches!(left, Ok(GateOutcome::Failed { go_back: true, .. })),
            "step {n}: {}: {left:?}",
            journal[n]
        );
    }
}

#[test]
fn a_slot_that_was_cut_off_before_its_record_is_good_once_it_has_passed() {
    let ready = || {
        let mut world = World::new();
        world.daemon(GatePart::passed("fine"));
        world.publish(NEW);
        let from = Some(world.site().display().to_string());
        let request = StageRequest {
            from,
            ..StageRequest::default()
        };
        (world, request)
    };
    let (world, request) = ready();
    let counting = FakeMachine::new();
    world
        .updater(&counting)
        .stage(&request, &mut |_| ())
        .unwrap();
    let wanted = format!(
        "overwrite {}",
        world.boot_dir(Slot::B).join(SLOT_FILE).display()
    );
    let last = counting
        .journal()
        .iter()
        .rposition(|step| *step == wanted)
        .unwrap();
    let (mut world, request) = ready();
    let dying = FakeMachine::dying_at(last);
    world
        .updater(&dying)
        .stage(&request, &mut |_| ())
        .unwrap_err();
    let status = world.updater(&FakeMachine::new()).status_anew();
    assert_eq!(status.slots[1].state, SlotState::Incomplete);
    world.start_by_hand(Slot::B);
    settle(&world);
    assert_eq!(gate(&world), GateOutcome::Passed { committed: true });
    let status = world.updater(&FakeMachine::new()).status();
    assert_eq!(status.slots[1].state, SlotState::Good);
}

#[test]
fn a_version_that_is_kept_after_it_failed_is_told_as_kept() {
    let mut world = World::new();
    world.daemon(GatePart::failed("the pool is away"));
    applied(NEW, &mut world);
    assert_eq!(world.start(), Slot::B);
    settle(&world);
    assert!(matches!(
        gate(&world),
        GateOutcome::Failed { go_back: true, .. }
    ));
    assert_eq!(last(&world).outcome, TrialOutcome::Failed);
    let kept = world.updater(&FakeMachine::new()).commit().unwrap();
    assert_eq!(kept, GateOutcome::Passed { committed: true });
    let told = last(&world);
    assert_eq!(told.outcome, TrialOutcome::Committed);
    assert!(told.reason.contains("person"), "{}", told.reason);
    assert_eq!(
        (told.version.as_str(), told.from_version.as_str()),
        (NEW, "1.0.0")
    );
    assert_eq!(world.start(), Slot::B);
}

#[test]
fn a_trial_is_known_as_one_while_somebody_else_is_at_work() {
    let mut world = staged();
    apply(NEW, &world);
    assert_eq!(world.start(), Slot::B);
    settle(&world);
    let held = Lock::take(&world.places).unwrap();
    // What is written cannot be mounted beside that.
    let fake = without(&world, &PartitionRole::ALL);
    let updater = world.updater(&fake);
    assert!(updater.shown_on_trial());
    assert!(updater.judged(Duration::ZERO).is_err());
    let looked = fake.journal().iter().any(|step| step.starts_with("mount"));
    assert!(!looked, "{:?}", fake.journal());
    drop(held);
    let fake = FakeMachine::new();
    assert!(
        world
            .updater(&fake)
            .judged(Duration::ZERO)
            .unwrap()
            .on_trial
    );
}
