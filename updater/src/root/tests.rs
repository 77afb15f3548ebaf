//! The whole way to a root, on a machine that is only written down.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;
use gpt::partition_types::{OperatingSystem, Type};
use megh_host::fake::FakeMachine;
use megh_model::boot::{BOOT_RECORD_PATH, BootRecord};
use megh_model::layout::PartitionRole;
use megh_model::mutable::MUTABLE_PATHS_FILE;
use megh_model::slot::Slot;
use megh_model::verity::BLOCK;

use super::*;

const LIST: &str = r#"
[[path]]
path = "/etc/machine-id"
kind = "file"
start = "machine-id"

[[path]]
path = "/var/lib/engine"
kind = "dir"
start = "slot"
"#;

/// A machine's `/proc`, `/sys`, `/dev` and slot, as folders and files.
struct Scene {
    places: Places,
    machine: FakeMachine,
    head: Vec<u8>,
    dir: tempfile::TempDir,
}

impl Scene {
    fn new(firmware: Firmware) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scene = Self {
            places: Places::new(dir.path()),
            machine: FakeMachine::new(),
            head: verity_head(),
            dir,
        };
        scene.write("/proc/cmdline", scene.cmdline().as_bytes());
        scene.write("/sys/class/block/.keep", b"");
        scene.write("/dev/kmsg", b"");
        let engine = scene.places.new_root("/var/lib/engine/defaults");
        fs::create_dir_all(engine.parent().unwrap()).unwrap();
        fs::write(engine, "from the slot").unwrap();
        let list = scene.places.new_root(MUTABLE_PATHS_FILE);
        fs::create_dir_all(list.parent().unwrap()).unwrap();
        fs::write(list, LIST).unwrap();
        if firmware == Firmware::Uefi {
            scene.write("/sys/firmware/efi/efivars/other", b"");
        }
        scene
    }

    fn cmdline(&self) -> String {
        let hash = root_hash(&self.head);
        format!("quiet megh.roothash={hash} megh.hashoffset={BLOCK}")
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.places.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A whole device of that size, known to the kernel.
    fn device(&self, name: &str, bytes: u64) -> File {
        self.write(&format!("/sys/class/block/{name}/size"), b"2048\n");
        self.write(
            &format!("/sys/class/block/{name}/queue/logical_block_size"),
            b"512\n",
        );
        self.write(&format!("/dev/{name}"), b"");
        let file = File::options()
            .read(true)
            .write(true)
            .open(self.places.device(name))
            .unwrap();
        file.set_len(bytes).unwrap();
        file
    }

    /// An installed disk; returns the PARTUUID of the slot's boot partition.
    fn installed_disk(&self, name: &str, slot: Slot, head: &[u8]) -> Uuid {
        let file = self.device(name, 64 << 20);
        gpt::mbr::ProtectiveMBR::new()
            .overwrite_lba0(&mut file.try_clone().unwrap())
            .unwrap();
        let config = GptConfig::new()
            .writable(true)
            .logical_block_size(LogicalBlockSize::Lb512);
        let mut table = config.create_from_device(file, None).unwrap();
        for role in PartitionRole::ALL {
            let kind = Type {
                guid: role.type_guid(),
                os: OperatingSystem::Custom(String::new()),
            };
            table
                .add_partition(role.name(), 1 << 20, kind, 0, None)
                .unwrap();
            let device = format!("{name}{}", role.number());
            let class = format!("/sys/class/block/{name}/{device}/partition");
            self.write(&class, format!("{}\n", role.number()).as_bytes());
            self.write(&format!("/dev/{device}"), b"");
        }
        let number = PartitionRole::boot(slot).number();
        let boot = table.partitions()[&number].part_guid;
        table.write().unwrap();
        let root = format!("/dev/{name}{}", PartitionRole::root(slot).number());
        self.write(&root, &[&vec![0; BLOCK], head].concat());
        boot
    }

    /// A drive with ISO9660 that holds a root part with this head.
    fn medium(&self, name: &str, head: &[u8]) {
        let file = self.device(name, 1 << 20);
        file.write_all_at(b"CD001", 32_769).unwrap();
        let root = self.places.medium_root();
        fs::create_dir_all(root.parent().unwrap()).unwrap();
        fs::write(root, [&vec![0; BLOCK], head].concat()).unwrap();
    }

    fn loader_says(&self, partition: Uuid) {
        let text = format!("{}\0", partition.to_string().to_uppercase());
        let value: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let name =
            "/sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
        self.write(name, &[vec![6, 0, 0, 0], value].concat());
    }

    /// The journal, with the temporary directory left out.
    fn journal(&self) -> Vec<String> {
        let base = self.dir.path().to_str().unwrap();
        self.machine
            .journal()
            .iter()
            .map(|line| line.replace(base, ""))
            .collect()
    }
}

fn verity_head() -> Vec<u8> {
    let mut head = vec![0; 2 * BLOCK];
    head[..8].copy_from_slice(b"verity\0\0");
    for (at, value) in [(8, 1u32), (12, 1), (64, 4096), (68, 4096)] {
        head[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    head[32..38].copy_from_slice(b"sha256");
    head[BLOCK..].fill(9);
    head
}

/// The hash that such a head belongs to, taken from the refusal of another one.
fn root_hash(head: &[u8]) -> String {
    let other = "00".repeat(32).parse().unwrap();
    let refusal = megh_model::verity::check_head(head, &other).unwrap_err();
    refusal.to_string().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn an_installed_disk_on_uefi() {
    let scene = Scene::new(Firmware::Uefi);
    scene.installed_disk("sda", Slot::A, &scene.head);
    let boot = scene.installed_disk("sdb", Slot::B, &scene.head);
    scene.loader_says(boot);
    let record = prepare(&scene.places, &scene.machine).unwrap();
    let source = BootSource::Disk {
        slot: Slot::B,
        disk: "sdb".into(),
        boot_partition: boot,
    };
    assert_eq!((record.firmware, &record.source), (Firmware::Uefi, &source));
    let written = fs::read(scene.places.path(BOOT_RECORD_PATH)).unwrap();
    assert_eq!(
        serde_json::from_slice::<BootRecord>(&written).unwrap(),
        record
    );
    let hash = root_hash(&scene.head);
    assert_eq!(
        scene.journal(),
        [
            "modprobe --all loop dm-verity overlay".to_owned(),
            format!(
                "veritysetup open --panic-on-corruption --hash-offset=4096 \
                 /dev/sdb7 meghos-root /dev/sdb7 {hash}"
            ),
            "mount /dev/mapper/meghos-root (erofs) /sysroot/".to_owned(),
            "mount tmpfs /run/meghos/var".to_owned(),
            "mount overlay /sysroot/var".to_owned(),
            "mount /dev/sdb8 (ext4) /sysroot/var/lib/meghos".to_owned(),
            "mount /sysroot/var/lib/meghos/mutable/etc/machine-id /sysroot/etc/machine-id"
                .to_owned(),
            "mount /sysroot/var/lib/meghos/mutable/var/lib/engine /sysroot/var/lib/engine"
                .to_owned(),
        ]
    );
}

#[test]
fn what_may_change_begins_as_the_list_says_and_then_stays() {
    let scene = Scene::new(Firmware::Bios);
    let boot = scene.installed_disk("sda", Slot::A, &scene.head);
    scene.write(
        "/proc/cmdline",
        format!("{} megh.boot={boot}", scene.cmdline()).as_bytes(),
    );
    prepare(&scene.places, &scene.machine).unwrap();
    let bound = scene
        .places
        .new_root("/var/lib/meghos/mutable/var/lib/engine/defaults");
    assert_eq!(fs::read_to_string(&bound).unwrap(), "from the slot");
    let id = scene
        .places
        .new_root("/var/lib/meghos/mutable/etc/machine-id");
    let id = fs::read_to_string(id).unwrap();
    assert!(
        id.len() == 33 && id.trim_end().bytes().all(|b| b.is_ascii_hexdigit()),
        "{id}"
    );
    fs::write(&bound, "changed").unwrap();
    fs::remove_dir_all(scene.places.path("/run/meghos/var")).unwrap();
    prepare(&scene.places, &FakeMachine::new()).unwrap();
    assert_eq!(fs::read_to_string(&bound).unwrap(), "changed");
}

#[test]
fn a_medium_beside_an_installed_disk_and_a_foreign_cd() {
    let scene = Scene::new(Firmware::Uefi);
    scene.installed_disk("sda", Slot::A, &scene.head);
    scene.medium("sr0", &scene.head);
    let record = prepare(&scene.places, &scene.machine).unwrap();
    assert_eq!(
        record.source,
        BootSource::Medium {
            device: "sr0".into()
        }
    );
    let journal = scene.journal();
    assert!(
        journal[2].contains("/run/meghos/medium/meghos/root.img meghos-root"),
        "{journal:#?}"
    );
    assert!(
        journal.contains(&"mount tmpfs /sysroot/var/lib/meghos".to_owned()),
        "{journal:#?}"
    );
    assert!(
        !journal.iter().any(|line| line.contains("sda")),
        "{journal:#?}"
    );
}

#[test]
fn a_root_of_another_release_is_refused_before_anything_is_mounted() {
    let scene = Scene::new(Firmware::Uefi);
    let mut other = scene.head.clone();
    other[BLOCK] ^= 1;
    scene.loader_says(scene.installed_disk("sda", Slot::A, &other));
    let refusal = prepare(&scene.places, &scene.machine).unwrap_err();
    assert!(
        matches!(refusal, RootError::WrongRoot { .. }),
        "{refusal:?}"
    );
    assert_eq!(scene.journal(), ["modprobe --all loop dm-verity overlay"]);
}

#[test]
fn a_step_that_fails_is_the_reason_and_nothing_goes_on_after_it() {
    let steps = {
        let scene = Scene::new(Firmware::Uefi);
        scene.loader_says(scene.installed_disk("sda", Slot::A, &scene.head));
        prepare(&scene.places, &scene.machine).unwrap();
        scene.machine.steps()
    };
    for step in 0..steps {
        let scene = Scene {
            machine: FakeMachine::failing_at(step),
            ..Scene::new(Firmware::Uefi)
        };
        scene.loader_says(scene.installed_disk("sda", Slot::A, &scene.head));
        assert!(
            prepare(&scene.places, &scene.machine).is_err(),
            "step {step}"
        );
        assert_eq!(scene.machine.steps(), step + 1);
        assert!(!scene.places.path(BOOT_RECORD_PATH).exists());
    }
}

#[test]
fn a_disk_with_an_unusual_table_keeps_nobody_from_starting() {
    let scene = Scene::new(Firmware::Uefi);
    let boot = scene.installed_disk("sda", Slot::A, &scene.head);
    scene.installed_disk("aaa", Slot::A, &scene.head);
    let odd = File::options()
        .write(true)
        .open(scene.places.device("aaa"))
        .unwrap();
    odd.write_all_at(&256u32.to_le_bytes(), 512 + 84).unwrap();
    scene.device("bbb", 100);
    scene.loader_says(boot);
    let record = prepare(&scene.places, &scene.machine).unwrap();
    assert!(matches!(record.source, BootSource::Disk { disk, .. } if disk == "sda"));
}
