use efivar::boot::{BootVarReader, BootVarWriter};
use efivar::efi::VariableFlags;
use efivar::store::MemoryStore;
use efivar::{VarReader, VarWriter};

use super::*;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn entries(main: u128, spare: u128) -> BootEntries {
    let partition = |number, n| BootPartition {
        number,
        first_sector: 6144,
        sectors: 524_288,
        id: id(n),
    };
    BootEntries {
        partitions: vec![partition(2, main), partition(3, spare)],
        loader: r"\EFI\BOOT\BOOTX64.EFI".to_owned(),
        present: [id(main), id(spare), id(77)].into(),
    }
}

/// Every entry of ours, by number, with its partition.
fn ours(store: &MemoryStore) -> Vec<(u16, Uuid)> {
    let Existing { mut ours, .. } = existing(store).unwrap();
    ours.sort_unstable();
    ours
}

#[test]
fn new_entries_come_first_and_others_stay() {
    let mut store = MemoryStore::new();
    let windows = BootEntry {
        description: "Windows Boot Manager".into(),
        ..entry(&entries(8, 9).partitions[0], "x")
    };
    store.add_boot_entry(0, windows).unwrap();
    store.set_boot_order(vec![0]).unwrap();
    register_in(&mut store, &entries(1, 2)).unwrap();
    assert_eq!(store.get_boot_order().unwrap(), [1, 2, 0]);
    assert_eq!(ours(&store), [(1, id(1)), (2, id(2))]);
}

#[test]
fn a_hundred_installations_leave_one_entry_for_each_partition() {
    let mut store = MemoryStore::new();
    for n in 0..100 {
        register_in(&mut store, &entries(1000 + n, 2000 + n)).unwrap();
    }
    assert_eq!(
        ours(&store)
            .into_iter()
            .map(|(_, id)| id)
            .collect::<BTreeSet<_>>(),
        [id(1099), id(2099)].into()
    );
    assert_eq!(store.get_boot_order().unwrap().len(), 2);
}

#[test]
fn an_entry_of_ours_for_another_disk_that_is_present_stays() {
    let mut store = MemoryStore::new();
    register_in(&mut store, &entries(77, 78)).unwrap();
    register_in(&mut store, &entries(1, 2)).unwrap();
    let left: Vec<Uuid> = ours(&store).into_iter().map(|(_, id)| id).collect();
    assert!(
        left.contains(&id(77)) && !left.contains(&id(78)),
        "{left:?}"
    );
}

#[test]
fn malformed_entries_of_others_do_no_harm() {
    let mut store = MemoryStore::new();
    for (number, bytes) in [
        (3u16, vec![]),
        (4, vec![1, 0, 0, 0, 9]),
        (5, vec![0xff; 40]),
    ] {
        store
            .write(
                &Variable::new(&number.boot_var_name()),
                VariableFlags::default(),
                &bytes,
            )
            .unwrap();
    }
    register_in(&mut store, &entries(1, 2)).unwrap();
    assert_eq!(store.get_boot_order().unwrap(), [0, 1]);
    assert!(store.read(&Variable::new("Boot0005")).is_ok());
}
