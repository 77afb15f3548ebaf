use super::*;
use crate::fake::FakeMachine;

fn places() -> Places {
    Places {
        by_id: "/nonexistent".into(),
        sys_block: "/nonexistent".into(),
    }
}

fn disks(lsblk: &str, boot: Option<&str>) -> Vec<Disk> {
    let fake = FakeMachine::new();
    fake.answer("lsblk", lsblk);
    fake.answer("pvs", "  /dev/sdb2|vg0\n  /dev/sdc|vg0\n  /dev/sdd|\n");
    inventory(&fake, &places(), boot.map(Path::new)).unwrap()
}

const SERVER: &str = include_str!("tests/server.json");

#[test]
fn a_server_is_described_as_its_owner_would() {
    let disks = disks(SERVER, Some("/dev/sda1"));
    let rows: Vec<String> = disks
        .iter()
        .map(|d| {
            format!(
                "{} {} {:?} {} | {} | {}",
                d.name,
                d.size,
                d.bus,
                d.boot_medium,
                d.contents,
                d.uses.join("; ")
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            "nvme0n1 931.5 GiB Some(\"nvme\") false | FAT \"EFI\" 512 MiB, Windows (NTFS) \"Daten\" 930 GiB, unknown data 1 GiB | ",
            "sda 28.8 GiB Some(\"usb\") true | ISO image \"MEGHOS\" 600 MiB, \"gap\" 300 KiB | sda1 is mounted on /run/meghos/medium",
            "sdb 1.8 TiB Some(\"sata\") false | ext4 100 GiB, LVM 1.7 TiB | vg0-home is mounted on /home",
            "sdc 1.8 TiB Some(\"sata\") false | LVM | ",
            "sdd 1.8 TiB Some(\"sata\") false | RAID member | it is part of the RAID array md0; md0 is swap space in use",
            "vda 32 GiB Some(\"virtio\") false | an installation of MeghOS | ",
            "vdb 16 GiB Some(\"virtio\") false | nothing known | ",
        ]
    );
    assert_eq!(disks[1].model.as_deref(), Some("Ultra Fit"));
    assert!(disks[1].removable && disks[6].read_only);
}

#[test]
fn a_volume_group_knows_where_else_it_lies() {
    let disks = disks(SERVER, None);
    let groups = |name: &str| {
        disks
            .iter()
            .find(|d| d.name == name)
            .unwrap()
            .volume_groups
            .clone()
    };
    let expected = |elsewhere: &str| {
        vec![VolumeGroupUse {
            name: "vg0".into(),
            elsewhere: vec![elsewhere.into()],
        }]
    };
    assert_eq!(groups("sdb"), expected("/dev/sdc"));
    assert_eq!(groups("sdc"), expected("/dev/sdb2"));
    assert!(groups("sdd").is_empty());
}

#[test]
fn names_sort_as_people_count() {
    let mut names = ["sdaa", "nvme10n1", "sdb", "nvme2n1", "sda"];
    names.sort_by_key(|name| natural(name));
    assert_eq!(names, ["nvme2n1", "nvme10n1", "sda", "sdb", "sdaa"]);
}

#[test]
fn this_machine_can_be_listed() {
    let disks = inventory(&crate::System, &Places::default(), None).unwrap();
    for disk in disks {
        assert!(
            disk.size > Bytes(0) && disk.path.starts_with("/dev"),
            "{disk:?}"
        );
    }
}
