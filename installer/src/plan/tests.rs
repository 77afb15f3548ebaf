use megh_model::layout::SectorSize;

use super::*;
use crate::testing::{DISK, World, disk, draws};

#[test]
fn the_plan_says_everything_that_will_happen() {
    let world = World::new();
    let release = world.release();
    let expected = "MeghOS 0.1.0 on disk without a model name, serial MEGH-TEST-1, 16 GiB (vda)\n\
        Everything on it is lost: nothing known\n\
        Machine name meghos-beef, volume group megh-00c0ffee\n  \
        1 bios           2 MiB  loader for BIOS\n  \
        2 esp          256 MiB  loaders for UEFI\n  \
        3 esp-spare    256 MiB  second copy of the loaders\n  \
        4 boot-a       512 MiB  kernel of slot A\n  \
        5 boot-b       512 MiB  kernel of slot B, for the first update\n  \
        6 root-a       1.5 GiB  system of slot A\n  \
        7 root-b       1.5 GiB  system of slot B, for the first update\n  \
        8 state          8 GiB  configuration and control plane\n  \
        9 pool         3.4 GiB  instances and images\n";
    assert_eq!(world.plan(&release).to_string(), expected);
}

#[test]
fn a_choice_is_confirmed_by_the_end_of_the_serial_number() {
    let with = |serial: Option<&str>, name| {
        confirmation(&Disk {
            serial: serial.map(str::to_owned),
            ..disk(name)
        })
    };
    assert_eq!(with(Some("S4EV-NX0M.77"), "sda"), "0M77");
    assert_eq!(with(Some("A1"), "sda"), "A1");
    assert_eq!(with(Some("--"), "sda"), "sda");
    assert_eq!(with(None, "nvme0n1"), "e0n1");
}

#[test]
fn a_release_that_outgrew_the_slot_is_refused_before_anything_happens() {
    let world = World::new();
    let release = world.release();
    let mut layout = Layout::plan(DISK, SectorSize::B512, Firmware::Uefi).unwrap();
    layout.partitions[PartitionRole::RootA as usize].size = Bytes(256 << 10);
    let error = Plan::new(
        &disk("vda"),
        &layout,
        Firmware::Uefi,
        release.manifest(),
        None,
        draws(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "part root has 300 KiB, and partition root-a of this disk only 256 KiB"
    );
}
