use std::fs;

use megh_host::fake::FakeMachine;
use megh_model::boot_env::{BLOCK_PATH, MARKER_PATH, SUM_PATH};
use megh_model::layout::PartitionRole;
use megh_model::release::PartKind;
use megh_model::slot::Slot;

use super::*;
use crate::testing::{World, content};

fn repair(world: &World) -> Vec<String> {
    let request = RepairRequest::default();
    world.updater(&FakeMachine::new()).repair(request).unwrap()
}

#[test]
fn what_is_whole_is_left_alone() {
    let world = World::new();
    let before = world.files(&world.places.path("/run/meghos/updater/mount"));
    assert_eq!(repair(&world), Vec::<String>::new());
    let after = world.files(&world.places.path("/run/meghos/updater/mount"));
    assert!(before == after);
}

#[test]
fn every_damage_is_told_before_and_mended() {
    let damage: [(PartitionRole, &str, usize); 6] = [
        (PartitionRole::Esp, BLOCK_PATH, 1),
        (PartitionRole::EspSpare, SUM_PATH, 1),
        (PartitionRole::Esp, MARKER_PATH, 1),
        (PartitionRole::Esp, "EFI/BOOT/BOOTX64.EFI", 1),
        (PartitionRole::EspSpare, "EFI/BOOT/grubx64.efi", 1),
        (PartitionRole::BootA, "good.env", 1),
    ];
    for (role, name, count) in damage {
        let world = World::new();
        let path = world.places.mount(role).join(name);
        let right = fs::read(&path).unwrap();
        fs::write(&path, b"damaged").unwrap();
        let fake = FakeMachine::new();
        let problems = world.updater(&fake).status_anew().problems;
        assert!(
            name == "good.env" || problems.len() == count,
            "{name}: {problems:?}"
        );
        assert_eq!(repair(&world).len(), count, "{name}");
        assert!(fs::read(&path).unwrap() == right, "{name}");
        assert!(world.updater(&fake).status_anew().problems.is_empty());
    }
}

#[test]
fn a_lost_environment_is_written_for_what_runs() {
    let mut world = World::new();
    for role in [PartitionRole::Esp, PartitionRole::EspSpare] {
        fs::remove_file(world.places.mount(role).join(BLOCK_PATH)).unwrap();
    }
    assert_eq!(repair(&world).len(), 2, "environment and marker");
    let env = world.env().read().current.unwrap();
    assert_eq!(env.choice(), BootChoice::settled(Slot::A));
    assert_eq!(world.start(), Slot::A);
}

#[test]
fn the_loader_for_bios_is_written_only_when_asked_for_and_only_if_it_differs() {
    let mut world = World::new();
    world.disk.firmware = Firmware::Bios;
    let device = world.disk.device(PartitionRole::Bios).unwrap().to_owned();
    fs::write(&device, vec![0; 64 << 10]).unwrap();
    let start = world.places.path("/sys/class/block/vda1/start");
    crate::testing::put(&start, b"2048\n");
    assert!(repair(&world).is_empty());
    let fake = FakeMachine::new();
    let updater = world.updater(&fake);
    let wanted = bios::core_image(&content(PartKind::BiosCore, "1.0.0"), 2048);
    let Ok(wanted) = wanted else {
        panic!("{wanted:?}")
    };
    assert_eq!(
        updater
            .repair(RepairRequest { loader: true })
            .unwrap()
            .len(),
        1
    );
    assert!(fs::read(&device).unwrap().starts_with(&wanted));
    assert!(
        updater
            .repair(RepairRequest { loader: true })
            .unwrap()
            .is_empty()
    );
}
