//! A small signed release, disks and a place for them, shared by tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use megh_host::block::{Disk, Places};
use megh_host::fake::FakeMachine;
use megh_model::boot::Firmware;
use megh_model::layout::{Layout, SectorSize};
use megh_model::release::{
    ARCH, Channel, ChannelIndex, INDEX_SCHEMA, Listed, MANIFEST_FILE, Manifest, PRODUCT, Part,
    PartKind, PublicKey, ROOT_FILE, ROOT_SCHEMA, Role, RootDocument, RootKey, SCHEMA, Thresholds,
    Verity, signature_file,
};
use megh_model::units::Bytes;
use minisign::KeyPair;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::place::Place;
use crate::plan::{Draws, Plan};
use crate::release::Release;

/// Size of the disks of tests.
pub(crate) const DISK: Bytes = Bytes::gib(16);

/// A temporary world: release, keys and a disk that is a sparse file.
pub(crate) struct World {
    dir: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::until(u64::MAX)
    }

    /// A world whose release expires at this time, seconds since 1970.
    pub(crate) fn until(expires: u64) -> Self {
        let world = Self { dir: scratch() };
        for dir in ["release", "keys", "run", "medium"] {
            fs::create_dir(world.path(dir)).unwrap();
        }
        write_release(&world.path("release"), &world.path("keys"), expires);
        fs::File::create(world.path("disk"))
            .unwrap()
            .set_len(DISK.0)
            .unwrap();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            release: self.path("release"),
            keys: self.path("keys"),
            secure_boot: "/nonexistent".into(),
            allow_expired: false,
            medium: self.path("medium"),
            run: self.path("run"),
            block: Places {
                by_id: self.path("none"),
                sys_block: self.path("none"),
            },
            firmware: Firmware::Uefi,
            setup_mode: false,
            boot_device: None,
        }
    }

    pub(crate) fn release(&self) -> Release {
        Release::open(
            &FakeMachine::new(),
            &self.path("release"),
            &self.path("keys"),
            false,
        )
        .unwrap()
    }

    pub(crate) fn plan(&self, release: &Release) -> Plan {
        let layout = Layout::plan(DISK, SectorSize::B512, Firmware::Uefi).unwrap();
        let disk = Disk {
            path: self.path("disk"),
            ..disk("vda")
        };
        Plan::new(
            &disk,
            &layout,
            Firmware::Uefi,
            release.manifest(),
            None,
            draws(),
        )
        .unwrap()
    }

    /// The file of a part.
    pub(crate) fn part(&self, kind: PartKind) -> PathBuf {
        self.path("release").join(kind.file())
    }

    /// What `lsblk` says of a machine with this disk alone.
    pub(crate) fn lsblk(&self) -> String {
        let disk = serde_json::json!({
            "name": "vda", "path": self.path("disk"), "type": "disk", "size": DISK.0,
            "model": null, "serial": "MEGH-TEST-1", "wwn": null, "tran": "virtio",
            "log-sec": 512, "phy-sec": 512, "label": null, "fstype": null,
        });
        serde_json::json!({ "blockdevices": [disk] }).to_string()
    }
}

/// In memory where there is some: these tests write and sync a lot.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

pub(crate) const fn draws() -> Draws {
    Draws {
        volume_group: 0x00c0_ffee,
        host: 0xbeef,
    }
}

/// A disk without anything remarkable.
pub(crate) fn disk(name: &str) -> Disk {
    Disk {
        name: name.to_owned(),
        path: Path::new("/dev").join(name),
        by_id: Vec::new(),
        model: None,
        serial: Some("MEGH-TEST-1".to_owned()),
        wwn: None,
        bus: Some("virtio".to_owned()),
        size: DISK,
        logical_sector: 512,
        physical_sector: 512,
        removable: false,
        rotational: false,
        read_only: false,
        boot_medium: false,
        contents: "nothing known".to_owned(),
        partitions: Vec::new(),
        uses: Vec::new(),
        volume_groups: Vec::new(),
    }
}

/// Flips one bit in the middle of a file.
pub(crate) fn flip_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn content(kind: PartKind) -> Vec<u8> {
    let size = match kind {
        PartKind::Root => 300 << 10,
        PartKind::BiosBoot => 512,
        PartKind::BiosCore => 3_000,
        PartKind::SlotEnv => 1024,
        _ => 20_000,
    };
    let seed = kind as usize + 1;
    let mut bytes: Vec<u8> = (0..size).map(|n| (n * seed % 251) as u8).collect();
    match kind {
        PartKind::BiosBoot => bytes[510..].copy_from_slice(&[0x55, 0xaa]),
        PartKind::BiosCore => bytes[0x1fc..0x1fe].copy_from_slice(&5u16.to_le_bytes()),
        _ => {}
    }
    bytes
}

fn write_release(release: &Path, keys: &Path, expires: u64) {
    let mut parts = BTreeMap::new();
    for kind in PartKind::ALL {
        let bytes = content(kind);
        fs::write(release.join(kind.file()), &bytes).unwrap();
        let sha256 = hex::encode(Sha256::digest(&bytes));
        parts.insert(
            kind,
            Part {
                file: kind.file().to_owned(),
                size: bytes.len() as u64,
                sha256,
            },
        );
    }
    let root_pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let manifest = Manifest {
        schema: SCHEMA,
        product: PRODUCT.to_owned(),
        arch: ARCH.to_owned(),
        channel: Channel::Stable,
        version: "0.1.0".parse().unwrap(),
        released: 0,
        floor: "0.1.0".parse().unwrap(),
        verity: Verity {
            root_hash: "ab".repeat(32),
            hash_offset: 256 << 10,
        },
        parts,
        chunks: BTreeMap::new(),
        sbom: None,
    };
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let index = serde_json::to_vec(&index(&manifest, expires)).unwrap();
    let root = serde_json::to_vec(&root(&root_pair, &pair)).unwrap();
    write_signed(release, MANIFEST_FILE, &manifest, &pair);
    write_signed(release, &Channel::Stable.index_file(), &index, &pair);
    write_signed(keys, ROOT_FILE, &root, &root_pair);
}

fn index(manifest: &[u8], expires: u64) -> ChannelIndex {
    ChannelIndex {
        schema: INDEX_SCHEMA,
        product: PRODUCT.to_owned(),
        arch: ARCH.to_owned(),
        channel: Channel::Stable,
        version: 1,
        issued: 0,
        expires,
        releases: vec![Listed {
            version: "0.1.0".parse().unwrap(),
            path: "0.1.0".to_owned(),
            manifest_sha256: hex::encode(Sha256::digest(manifest)),
            manifest_size: manifest.len() as u64,
            rollout: 100,
            from: None,
        }],
    }
}

fn root(root: &KeyPair, release: &KeyPair) -> RootDocument {
    let key = |pair: &KeyPair, role| {
        let public = PublicKey::parse(&pair.pk.to_box().unwrap().into_string()).unwrap();
        RootKey {
            id: public.id(),
            public: public.to_base64(),
            role,
            retired: false,
            development: true,
        }
    };
    RootDocument {
        schema: ROOT_SCHEMA,
        version: 1,
        expires: u64::MAX,
        keys: vec![key(root, Role::Root), key(release, Role::Release)],
        thresholds: Thresholds {
            root: 1,
            release: 1,
        },
    }
}

fn write_signed(dir: &Path, file: &str, bytes: &[u8], pair: &KeyPair) {
    let signature = minisign::sign(Some(&pair.pk), &pair.sk, bytes, Some("meghos"), None).unwrap();
    fs::write(dir.join(file), bytes).unwrap();
    fs::write(dir.join(signature_file(file)), signature.into_string()).unwrap();
}
