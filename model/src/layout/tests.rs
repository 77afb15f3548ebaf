use proptest::prelude::*;

use super::*;
use crate::boot::Firmware;
use crate::slot::Slot;
use crate::units::{GIB, MIB};

fn plan(gib: u64) -> Layout {
    Layout::plan(Bytes::gib(gib), SectorSize::B512, Firmware::Uefi).unwrap()
}

/// `name start+size` in MiB, which is how people compare tables.
fn table(layout: &Layout) -> String {
    let row = |p: &Partition| {
        format!(
            "{} {} {}+{}",
            p.role.number(),
            p.role,
            p.start / MIB,
            p.size.0 / MIB
        )
    };
    layout
        .partitions
        .iter()
        .map(row)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_small_disk_gets_small_root_slots() {
    let expected = "1 bios 1+2\n2 esp 3+256\n3 esp-spare 259+256\n4 boot-a 515+512\n5 boot-b 1027+512\n\
        6 root-a 1539+1536\n7 root-b 3075+1536\n8 state 4611+8192\n9 pool 12803+3580";
    assert_eq!(table(&plan(16)), expected);
}

#[test]
fn a_large_disk_gets_large_root_slots_and_more_state() {
    let expected = "1 bios 1+2\n2 esp 3+256\n3 esp-spare 259+256\n4 boot-a 515+512\n5 boot-b 1027+512\n\
        6 root-a 1539+4096\n7 root-b 5635+4096\n8 state 9731+32768\n9 pool 42499+1006076";
    assert_eq!(table(&plan(1024)), expected);
}

#[test]
fn the_root_slots_grow_at_32_gib() {
    assert_eq!(
        plan(31).partition(PartitionRole::RootA).size,
        SMALL_ROOT_SLOT
    );
    assert_eq!(plan(32).partition(PartitionRole::RootA).size, ROOT_SLOT);
}

#[test]
fn a_disk_sold_as_16_gb_will_do() {
    assert!(Layout::plan(Bytes(16_000_000_000), SectorSize::B512, Firmware::Bios).is_ok());
    let error = Layout::plan(Bytes::gib(8), SectorSize::B512, Firmware::Bios).unwrap_err();
    assert_eq!(
        error.to_string(),
        "too small: 8 GiB, and at least 13.5 GiB are needed"
    );
}

#[test]
fn bios_and_large_sectors_do_not_go_together() {
    let on = |firmware| Layout::plan(Bytes::gib(64), SectorSize::B4096, firmware);
    assert_eq!(on(Firmware::Bios), Err(LayoutError::BiosSectors));
    assert!(on(Firmware::Uefi).is_ok());
    assert_eq!(SectorSize::try_from(520), Err(LayoutError::SectorSize(520)));
}

#[test]
fn roles_are_told_apart_by_name_and_type() {
    for role in PartitionRole::ALL {
        assert_eq!(PartitionRole::of(role.name(), role.type_guid()), Some(role));
    }
    assert_eq!(
        PartitionRole::of("pool", PartitionRole::State.type_guid()),
        None
    );
    assert_eq!(PartitionRole::root(Slot::B).slot(), Some(Slot::B));
    assert_eq!(PartitionRole::Pool.number(), 9);
}

fn sectors() -> impl Strategy<Value = SectorSize> {
    prop_oneof![Just(SectorSize::B512), Just(SectorSize::B4096)]
}

proptest! {
    #[test]
    fn every_layout_is_aligned_gapless_and_leaves_room_for_both_tables(
        disk in 0..(64 << 10) * GIB, sector in sectors(),
    ) {
        let disk = Bytes(disk);
        match Layout::plan(disk, sector, Firmware::Uefi) {
            Err(error) => {
                prop_assert!(disk < ROOT_SLOT.max(Bytes::gib(20)), "{error}");
                prop_assert!(disk < Layout::smallest_disk());
            }
            Ok(layout) => {
                let roles: Vec<_> = layout.partitions.iter().map(|p| p.role).collect();
                prop_assert_eq!(roles, PartitionRole::ALL);
                let mut next = ALIGNMENT.0;
                for partition in &layout.partitions {
                    prop_assert_eq!(partition.start, next);
                    prop_assert_eq!(partition.size.0 % ALIGNMENT.0, 0);
                    prop_assert_eq!(layout.partition(partition.role), partition);
                    next = partition.end();
                }
                let second_table = 128 * 128 + sector.bytes();
                let whole = disk.0 - disk.0 % sector.bytes();
                prop_assert!(next + second_table <= whole);
                prop_assert!(whole - next < ALIGNMENT.0 + second_table, "space is wasted");
            }
        }
    }

    #[test]
    fn more_disk_never_means_less_of_anything_but_at_the_step(disk in 14 * GIB..4096 * GIB, more in 0..GIB) {
        let plan = |size| Layout::plan(Bytes(size), SectorSize::B512, Firmware::Uefi).unwrap();
        let (small, large) = (plan(disk), plan(disk + more));
        if (disk < SMALL_DISK.0) == (disk + more < SMALL_DISK.0) {
            for role in PartitionRole::ALL {
                prop_assert!(small.partition(role).size <= large.partition(role).size, "{role}");
            }
        }
    }
}
