//! An installed machine in a directory, a publisher, and a loader that goes by
//! the model's rules, shared by tests.

mod publisher;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_model::boot::Firmware;
use megh_model::boot_env::{
    BLOCK_PATH, BootEnv, EnvCopy, GoodMark, LastStart, MARK_FILE, MARKER_PATH, Marker, SUM_PATH,
    StartReason,
};
use megh_model::layout::PartitionRole;
use megh_model::release::{PartKind, TRUSTED_KEYS_DIR};
use megh_model::slot::{BootChoice, Slot};
use megh_model::update::loader::{LoaderView, MarkerView, decide};
use megh_model::update::{
    BOOT_FILES, ESP_FILES, GatePart, GateReport, KEPT_LOADERS, LOADER_DIR, SETTINGS_FILE,
    SLOT_FILE, Settings, SlotRecord, SlotState,
};
use tempfile::TempDir;

use crate::boot_env::EnvStore;
use crate::{BootDisk, Places, Updater};
use publisher::Publisher;
pub(crate) use publisher::{NOW, content, root_hash};

/// Version that is installed.
pub(crate) const INSTALLED: &str = "1.0.0";

/// A machine's directories, and a site beside them.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) places: Places,
    pub(crate) disk: BootDisk,
    publisher: Publisher,
    boots: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let places = Places::new(dir.path().join("machine"));
        let device = |role: PartitionRole| (role, places.device(&format!("vda{}", role.number())));
        let disk = BootDisk {
            slot: Slot::A,
            firmware: Firmware::Uefi,
            root_hash: root_hash(INSTALLED).parse().unwrap(),
            version: INSTALLED.to_owned(),
            partitions: PartitionRole::ALL.map(device).into(),
            name: "vda".to_owned(),
        };
        let publisher = Publisher::new(&dir.path().join("site"));
        let mut world = Self {
            dir,
            places,
            disk,
            publisher,
            boots: 0,
        };
        world.install();
        world
    }

    /// What the installer leaves.
    fn install(&mut self) {
        for device in self.disk.partitions.values() {
            put(device, &[]);
        }
        for slot in Slot::ALL {
            let device = self.disk.device(PartitionRole::root(slot)).unwrap();
            fs::File::options()
                .write(true)
                .open(device)
                .unwrap()
                .set_len(1 << 20)
                .unwrap();
        }
        let root = self.disk.device(PartitionRole::RootA).unwrap();
        put(root, &content(PartKind::Root, INSTALLED));
        self.publish(INSTALLED);
        self.install_loaders();
        self.install_slot();
        for name in ["root.json", "root.json.minisig"] {
            let bytes = fs::read(self.site().join(name)).unwrap();
            put(&self.places.path(TRUSTED_KEYS_DIR).join(name), &bytes);
        }
        put(&self.places.path("/etc/machine-id"), b"0123456789abcdef\n");
        put(&self.places.path("/sys/class/block/.keep"), b"");
        symlink("/sys/class/net", self.places.path("/sys/class/net")).unwrap();
        self.set_boot_id();
    }

    fn install_loaders(&self) {
        let env = BootEnv::first(BootChoice::INSTALLED);
        for role in [PartitionRole::Esp, PartitionRole::EspSpare] {
            let esp = self.places.mount(role);
            put(&esp.join(BLOCK_PATH), &env.files().block);
            put(&esp.join(SUM_PATH), &env.files().sum);
            put(&esp.join(MARKER_PATH), &Marker::fresh(1).to_bytes());
            for (kind, name) in ESP_FILES {
                put(&esp.join(name), &content(kind, INSTALLED));
            }
        }
    }

    fn install_slot(&self) {
        let boot = self.boot_dir(Slot::A);
        for (kind, name) in BOOT_FILES {
            put(&boot.join(name), &content(kind, INSTALLED));
        }
        for kind in KEPT_LOADERS {
            let path = boot.join(LOADER_DIR).join(kind.file());
            put(&path, &content(kind, INSTALLED));
        }
        for name in ["manifest.json", "manifest.json.minisig"] {
            let bytes = fs::read(self.site().join(INSTALLED).join(name)).unwrap();
            put(&boot.join(name), &bytes);
        }
        let record = SlotRecord {
            schema: 1,
            state: SlotState::Good,
            version: INSTALLED.to_owned(),
            root_hash: root_hash(INSTALLED),
            at: NOW,
            fetched: 0,
            size: 0,
        };
        put(&boot.join(SLOT_FILE), &record.to_bytes());
        let mark = GoodMark {
            sequence: Some(1),
            root: self.disk.root_hash,
            version: INSTALLED.to_owned(),
        };
        put(&boot.join(MARK_FILE), &mark.to_bytes());
    }

    /// Puts a version on the site.
    pub(crate) fn publish(&mut self, version: &str) {
        self.publisher.publish(version);
    }

    /// The directory of the site.
    pub(crate) fn site(&self) -> PathBuf {
        self.dir.path().join("site")
    }

    pub(crate) fn boot_dir(&self, slot: Slot) -> PathBuf {
        self.places.mount(PartitionRole::boot(slot))
    }

    pub(crate) fn updater<'m>(&self, machine: &'m dyn Machine) -> Updater<'m> {
        Updater {
            machine,
            places: self.places.clone(),
            disk: self.disk.clone(),
            clock: || NOW,
        }
    }

    /// The site is where updates come from.
    pub(crate) fn settings(&self, settings: &Settings) {
        let path = self.places.kept(SETTINGS_FILE);
        let _older = fs::remove_file(&path);
        put(&path, &serde_json::to_vec(settings).unwrap());
    }

    /// A stick that the kernel knows; returns the root of its file system.
    pub(crate) fn stick(&self, name: &str) -> PathBuf {
        let class = self.places.path("/sys/class/block").join(name);
        put(&class.join("size"), b"2048\n");
        put(&class.join("removable"), b"1\n");
        put(&self.places.device(name), b"");
        let stick = self.places.run("stick").join(name);
        self.copy_site(&stick);
        stick
    }

    /// Puts the site as it is now on a stick.
    pub(crate) fn copy_site(&self, stick: &Path) {
        for (path, bytes) in self.files(&self.site()) {
            let name = path.strip_prefix(self.site()).unwrap();
            let to = stick.join(crate::STICK_DIR).join(name);
            let _older = fs::remove_file(&to);
            put(&to, &bytes);
        }
    }

    fn set_boot_id(&mut self) {
        self.boots += 1;
        let id = format!("{:032x}\n", self.boots);
        put(
            &self.places.path("/proc/sys/kernel/random/boot_id"),
            id.as_bytes(),
        );
    }

    pub(crate) fn env(&self) -> EnvStore {
        EnvStore::new(
            self.places.mount(PartitionRole::Esp),
            self.places.mount(PartitionRole::EspSpare),
        )
    }

    /// The machine starts: the loader decides, and the running slot is another
    /// one. Panics when there is nothing in the slot.
    pub(crate) fn start(&mut self) -> Slot {
        let env = self.env();
        let marker = env.marker();
        let mark = |slot: Slot| {
            let boot = self.boot_dir(slot);
            let mark = GoodMark::parse(&fs::read(boot.join(MARK_FILE)).ok()?)?;
            let loadable = boot.join("slot.env").is_file();
            (loadable && mark.root.to_string() == self.held(slot)).then_some(mark.sequence)?
        };
        let start = decide(&LoaderView {
            main: env.copy(EnvCopy::Main),
            spare: env.copy(EnvCopy::Spare),
            marker: MarkerView {
                marker,
                writable: marker.is_some(),
            },
            marks: Slot::ALL.map(|slot| mark(slot).unwrap_or(0)),
        });
        if let Some(marker) = start.marker {
            let path = self.places.mount(PartitionRole::Esp).join(MARKER_PATH);
            put(&path, &marker.to_bytes());
        }
        let order = [start.first, start.first.other()];
        let loaded = order
            .into_iter()
            .find(|slot| self.boot_dir(*slot).join("meghos.efi").is_file());
        self.started(loaded.expect("some slot can be loaded"))
    }

    /// A person chooses the slot in the boot menu.
    pub(crate) fn start_by_hand(&mut self, slot: Slot) {
        let env = self.env();
        if let (Some(env), Some(marker)) = (env.read().current, env.marker()) {
            let belongs = marker.sequence == env.sequence();
            let noted = Marker {
                sequence: env.sequence(),
                left: if belongs { marker.left } else { 0 },
                vain: if belongs { marker.vain } else { 0 },
                last: Some(LastStart {
                    slot,
                    why: StartReason::Hand,
                }),
            };
            let path = self.places.mount(PartitionRole::Esp).join(MARKER_PATH);
            put(&path, &noted.to_bytes());
        }
        self.started(slot);
    }

    /// The system in a slot runs.
    fn started(&mut self, slot: Slot) -> Slot {
        let version = self.version_in(slot);
        self.disk.slot = slot;
        self.disk.root_hash = root_hash(&version).parse().unwrap();
        self.disk.version = version;
        self.set_boot_id();
        for gone in [
            self.places.run("settled"),
            self.places.run("leaving"),
            self.places.status(),
        ] {
            let _was_there = fs::remove_file(gone);
        }
        slot
    }

    /// The version whose kernel image lies in a slot; the root must be the same.
    pub(crate) fn version_in(&self, slot: Slot) -> String {
        let uki = fs::read(self.boot_dir(slot).join("meghos.efi")).unwrap();
        let version = self
            .publisher
            .versions()
            .find(|version| uki == content(PartKind::Uki, version))
            .expect("a whole kernel image")
            .to_owned();
        let root = fs::read(self.disk.device(PartitionRole::root(slot)).unwrap()).unwrap();
        assert!(root.starts_with(&content(PartKind::Root, &version)));
        version
    }

    fn held(&self, slot: Slot) -> String {
        let env = fs::read(self.boot_dir(slot).join("slot.env")).unwrap_or_default();
        let block = megh_model::boot_env::Block::parse(&env).ok();
        block
            .and_then(|block| block.get("megh_roothash").map(str::to_owned))
            .unwrap_or_default()
    }

    /// A control plane that answers the gate until the test ends.
    pub(crate) fn daemon(&self, pool: GatePart) {
        let socket = self.places.gate_socket();
        fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let _gone = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let good = || GatePart::passed("fine");
        let report = GateReport {
            store: good(),
            hypervisor: good(),
            pool,
            instances: good(),
        };
        let body = serde_json::to_string(&report).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let _request = stream.read(&mut [0; 1024]);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let _sent = stream.write_all((head + &body).as_bytes());
            }
        });
    }

    /// All files of the machine but those that are gone after a restart.
    pub(crate) fn files(&self, below: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut dirs = vec![below.to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap().flatten() {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => dirs.push(entry.path()),
                    kind if kind.is_file() => {
                        files.insert(entry.path(), fs::read(entry.path()).unwrap());
                    }
                    _ => {}
                }
            }
        }
        files
    }
}

/// Writes a file with the directories above it; a longer old one keeps its size,
/// as a device does.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = fs::File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap();
    file.write_all(bytes).unwrap();
}
