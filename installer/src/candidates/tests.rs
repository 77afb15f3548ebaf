use megh_host::block::VolumeGroupUse;
use megh_model::units::Bytes;

use super::*;
use crate::testing::disk;

fn reason(edit: impl FnOnce(&mut Disk)) -> String {
    let mut disk = disk("sda");
    edit(&mut disk);
    let judged = judge(vec![disk], Firmware::Bios);
    judged[0]
        .verdict
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[test]
fn every_refusal_says_why() {
    let group = VolumeGroupUse {
        name: "vg0".into(),
        elsewhere: vec!["/dev/sdb1".into()],
    };
    assert_eq!(reason(|_| {}), "");
    assert_eq!(
        reason(|d| d.boot_medium = true),
        "this system was started from it"
    );
    assert_eq!(reason(|d| d.read_only = true), "it is read-only");
    assert_eq!(
        reason(|d| d.uses = vec!["sda1 is mounted on /home".into()]),
        "in use: sda1 is mounted on /home"
    );
    assert_eq!(
        reason(|d| d.volume_groups = vec![group]),
        "its volume group vg0 also lies on /dev/sdb1"
    );
    assert_eq!(
        reason(|d| d.size = Bytes::gib(4)),
        "too small: 4 GiB, and at least 13.5 GiB are needed"
    );
    assert!(
        reason(|d| d.logical_sector = 4096).starts_with("BIOS cannot start from a disk with 4096")
    );
    assert!(reason(|d| d.logical_sector = 520).starts_with("its sectors have 520 bytes"));
}

#[test]
fn a_volume_group_on_this_disk_alone_is_no_obstacle() {
    let group = VolumeGroupUse {
        name: "old".into(),
        elsewhere: Vec::new(),
    };
    assert_eq!(reason(|d| d.volume_groups = vec![group]), "");
}

fn machine() -> Vec<Candidate> {
    let stick = Disk {
        boot_medium: true,
        serial: Some("STICK".into()),
        ..disk("sda")
    };
    let small = Disk {
        size: Bytes::gib(1),
        serial: Some("SMALL".into()),
        ..disk("sdb")
    };
    judge(vec![stick, small, disk("vda"), disk("vdb")], Firmware::Uefi)
}

fn by_serial(serial: &str, require_unique: bool) -> Target {
    Target {
        serial: Some(serial.into()),
        require_unique,
        ..Target::default()
    }
}

#[test]
fn the_disk_that_is_meant_is_found_or_its_refusal_is_named() {
    let found = find(&machine(), &by_serial("MEGH-TEST-1", false))
        .unwrap()
        .disk
        .name
        .clone();
    assert_eq!(found, "vda");
    let refused = find(&machine(), &by_serial("SMALL", true))
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("sdb matches [target] of the answers and is refused: too small"),
        "{refused}"
    );
}

#[test]
fn the_medium_never_counts_as_a_second_disk() {
    let any = Target {
        require_unique: true,
        ..Target::default()
    };
    let candidates = machine()
        .into_iter()
        .filter(|c| c.disk.name != "vdb")
        .collect::<Vec<_>>();
    assert_eq!(find(&candidates, &any).unwrap().disk.name, "vda");
}

#[test]
fn no_match_and_two_matches_list_the_disks() {
    let none = find(&machine(), &by_serial("OTHER", true))
        .unwrap_err()
        .to_string();
    assert!(
        none.starts_with("no disk matches") && none.contains("vdb (serial is not OTHER)"),
        "{none}"
    );
    let two = find(&machine(), &by_serial("MEGH-TEST-1", true))
        .unwrap_err()
        .to_string();
    assert!(
        two.contains("(vda, vdb)") && two.contains("sda (serial is not MEGH-TEST-1)"),
        "{two}"
    );
    let empty = find(&[], &by_serial("X", true)).unwrap_err().to_string();
    assert!(empty.ends_with("the disks are: none at all"), "{empty}");
}
