use super::*;

fn fact(disk: &str, number: u32, role: Option<PartitionRole>, uuid: u128) -> PartitionFact {
    PartitionFact {
        disk: disk.into(),
        device: format!("{disk}{number}"),
        role,
        part_uuid: Uuid::from_u128(uuid),
    }
}

/// An installed disk whose partitions have identities `base + number`.
fn installed(disk: &str, base: u128) -> Vec<PartitionFact> {
    PartitionRole::ALL
        .into_iter()
        .map(|role| {
            fact(
                disk,
                role.number(),
                Some(role),
                base + u128::from(role.number()),
            )
        })
        .collect()
}

fn boot_of(base: u128, slot: Slot) -> Option<Uuid> {
    Some(Uuid::from_u128(
        base + u128::from(PartitionRole::boot(slot).number()),
    ))
}

#[test]
fn the_slot_is_the_one_the_kernel_came_from_on_that_disk_alone() {
    let disks = [installed("sda", 100), installed("sdb", 200)].concat();
    for (base, disk) in [(100, "sda"), (200, "sdb")] {
        for (slot, root) in [(Slot::A, 6), (Slot::B, 7)] {
            let RootSource::Disk(found) = root_source(boot_of(base, slot), &disks).unwrap() else {
                panic!("not a disk")
            };
            assert_eq!((found.slot, found.disk.as_str()), (slot, disk));
            assert_eq!(found.root, format!("{disk}{root}"));
            assert_eq!(found.state, format!("{disk}8"));
            assert_eq!(Some(found.boot_partition), boot_of(base, slot));
        }
    }
}

#[test]
fn without_a_boot_partition_it_is_the_medium_even_beside_an_installed_disk() {
    let mut disks = installed("sda", 100);
    assert_eq!(root_source(None, &disks), Ok(RootSource::Medium));
    disks.push(fact("sdb", 2, None, 900));
    assert_eq!(
        root_source(Some(Uuid::from_u128(900)), &disks),
        Ok(RootSource::Medium)
    );
    let esp = Some(Uuid::from_u128(102));
    assert_eq!(root_source(esp, &disks), Ok(RootSource::Medium));
}

#[test]
fn a_partition_that_is_not_there_may_still_come() {
    assert_eq!(
        root_source(boot_of(300, Slot::A), &installed("sda", 100)),
        Ok(RootSource::NotYet)
    );
}

#[test]
fn a_copied_disk_is_an_error_and_not_a_guess() {
    let disks = [installed("sda", 100), installed("sdb", 100)].concat();
    let refusal = root_source(boot_of(100, Slot::A), &disks);
    assert!(
        matches!(refusal, Err(RootSourceError::Ambiguous { .. })),
        "{refusal:?}"
    );
}

#[test]
fn missing_and_repeated_siblings_are_errors() {
    for role in [PartitionRole::RootA, PartitionRole::State] {
        let mut disk = installed("sda", 100);
        let copy = disk[role.number() as usize - 1].clone();
        disk.push(PartitionFact {
            part_uuid: Uuid::from_u128(1),
            ..copy
        });
        let refusal = |count| {
            Err(RootSourceError::Sibling {
                disk: "sda".into(),
                role,
                count,
            })
        };
        assert_eq!(root_source(boot_of(100, Slot::A), &disk), refusal(2));
        disk.retain(|partition| partition.role != Some(role));
        assert_eq!(root_source(boot_of(100, Slot::A), &disk), refusal(0));
        let elsewhere = installed("sdb", 200);
        assert_eq!(
            root_source(boot_of(100, Slot::A), &[disk, elsewhere].concat()),
            refusal(0)
        );
    }
}
