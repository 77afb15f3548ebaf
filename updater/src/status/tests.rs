use megh_host::fake::FakeMachine;
use megh_model::layout::PartitionRole;

use super::*;
use crate::testing::World;

#[test]
fn while_somebody_is_at_work_no_damage_is_made_up() {
    let world = World::new();
    let fake = FakeMachine::new();
    let updater = world.updater(&fake);
    let held = Lock::take(&world.places).unwrap();
    let told = updater.told_first(Duration::ZERO);
    assert_eq!(told.problems, [UNSEEN]);
    let mounted = fake.journal().iter().any(|step| step.starts_with("mount"));
    assert!(!mounted, "{:?}", fake.journal());
    updater.tell_if_nobody_has();
    let told = updater.told_first(Duration::ZERO);
    assert!(told.problems.is_empty(), "{:?}", told.problems);
    drop(held);
    assert_eq!(updater.status_anew(), told);
}

#[test]
fn a_partition_that_cannot_be_mounted_is_named() {
    let world = World::new();
    let fake = FakeMachine::new();
    fake.refuse_mount(world.places.mount(PartitionRole::Esp));
    let problems = world.updater(&fake).status_anew().problems;
    assert_eq!(problems, ["Partition esp cannot be mounted."]);
}

#[test]
fn while_somebody_writes_the_disk_is_not_mounted_for_a_status() {
    let world = World::new();
    let fake = FakeMachine::new();
    let updater = world.updater(&fake);
    let before = updater.status_anew();
    let mounts = || {
        let journal = fake.journal();
        journal
            .iter()
            .filter(|step| step.starts_with("mount"))
            .count()
    };
    let looked = mounts();
    assert!(looked > 0);
    let held = Lock::take(&world.places).unwrap();
    assert_eq!(updater.status_anew(), before);
    assert_eq!(mounts(), looked);
    drop(held);
    updater.status_anew();
    assert_eq!(mounts(), 2 * looked);
}
