//! A small disk with everything that the judge looks at.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ::gpt::GptConfig;
use ::gpt::disk::LogicalBlockSize;
use ::gpt::mbr::ProtectiveMBR;
use ::gpt::partition_types;
use megh_host::command::Cmd;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Checker, KnownRelease, Verdict, file_stretches};
use crate::write_log::Base;

pub(crate) const MIB: u64 = 1 << 20;
const PARTITIONS: [(&str, u64); 9] = [
    ("bios", 1),
    ("esp", 2),
    ("esp-spare", 2),
    ("boot-a", 2),
    ("boot-b", 2),
    ("root-a", 1),
    ("root-b", 1),
    ("state", 1),
    ("pool", 1),
];

/// A disk with small files in all places, and the releases on it.
pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) disk: PathBuf,
    pub(crate) places: BTreeMap<&'static str, u64>,
    pub(crate) known: Vec<KnownRelease>,
}

fn block(lines: &str) -> Vec<u8> {
    let mut bytes = format!("# GRUB Environment Block\n{lines}").into_bytes();
    bytes.resize(1024, b'#');
    bytes
}

fn part(version: &str, kind: &str) -> Vec<u8> {
    match kind {
        "slot-env" => block(&format!("megh_roothash={}\n", hash(version))),
        "root" => format!("{kind} of {version}").into_bytes().repeat(4096),
        _ => format!("{kind} of {version}").into_bytes().repeat(300),
    }
}

fn hash(version: &str) -> String {
    hex::encode(Sha256::digest(version))
}

fn release(version: &str) -> KnownRelease {
    let parts: serde_json::Map<_, _> = ["root", "uki", "kernel", "initrd", "slot-env", "shim", "grub-efi"]
        .into_iter()
        .map(|kind| {
            let bytes = part(version, kind);
            let entry = json!({ "file": kind, "size": bytes.len(), "sha256": hex::encode(Sha256::digest(&bytes)) });
            (kind.to_owned(), entry)
        })
        .collect();
    let manifest =
        json!({ "version": version, "verity": { "root_hash": hash(version) }, "parts": parts });
    KnownRelease::of_manifest(manifest.to_string().as_bytes()).expect("a manifest")
}

impl World {
    /// Version 1 in slot A, version 2 in slot B, as after an update.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let disk = dir.path().join("disk");
        let places = partitioned(&disk);
        let world = Self {
            dir,
            disk,
            places,
            known: vec![release("1.0.0"), release("2.0.0")],
        };
        for (letter, version) in [("a", "1.0.0"), ("b", "2.0.0")] {
            let mut files = vec![(
                "good.env",
                block(&format!("megh_mark=1\nmegh_root={}\n", hash(version))),
            )];
            for (kind, path) in [
                ("uki", "meghos.efi"),
                ("kernel", "kernel"),
                ("initrd", "initrd"),
                ("slot-env", "slot.env"),
            ] {
                files.push((path, part(version, kind)));
            }
            world.fill(&format!("boot-{letter}"), &files);
            world.put(&format!("root-{letter}"), 0, &part(version, "root"));
        }
        world.environment(
            "esp",
            "megh_seq=2\nmegh_order=ba\nmegh_good=a\n",
            "megh_for=2\nmegh_left=3\nmegh_vain=0\n",
        );
        world.environment("esp-spare", "megh_seq=1\nmegh_order=ab\nmegh_good=a\n", "");
        world.put("state", 1024 + 56, &[0x53, 0xef]);
        world
    }

    pub(crate) fn environment(&self, esp: &str, environment: &str, marker: &str) {
        let environment = block(&format!("megh_schema=1\n{environment}"));
        let sum = format!("{}  bootenv\n", hex::encode(Sha256::digest(&environment)));
        self.fill(
            esp,
            &[
                ("EFI/BOOT/BOOTX64.EFI", part("1.0.0", "shim")),
                ("EFI/BOOT/grubx64.efi", part("2.0.0", "grub-efi")),
                ("meghos/bootenv", environment),
                ("meghos/bootenv.sum", sum.into_bytes()),
                ("meghos/trial", block(marker)),
            ],
        );
    }

    /// Makes a partition's file system anew with these files.
    pub(crate) fn fill(&self, partition: &str, files: &[(&str, Vec<u8>)]) {
        let image = self.dir.path().join("fat");
        let size = PARTITIONS
            .iter()
            .find(|(name, _)| *name == partition)
            .expect("known")
            .1;
        fs::write(&image, vec![0; usize::try_from(size * MIB).expect("small")]).expect("written");
        let run = |program: &str, arguments: &[&str]| {
            Cmd::new(program)
                .args(["-i", "fat"])
                .args(arguments)
                .cwd(self.dir.path())
                .run()
                .expect("mtools runs");
        };
        run("mformat", &["::"]);
        if partition.starts_with("esp") {
            run("mmd", &["::EFI", "::EFI/BOOT", "::meghos"]);
        }
        for (path, bytes) in files {
            fs::write(self.dir.path().join("file"), bytes).expect("written");
            run("mcopy", &["file", &format!("::{path}")]);
        }
        self.put(partition, 0, &fs::read(&image).expect("read"));
    }

    pub(crate) fn put(&self, partition: &str, offset: u64, bytes: &[u8]) {
        fs::File::options()
            .write(true)
            .open(&self.disk)
            .and_then(|disk| disk.write_all_at(bytes, self.places[partition] + offset))
            .expect("written");
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let disk = Base::open(&self.disk).expect("opens");
        Checker::new(self.known.clone()).check(&disk)
    }

    /// The one violation after something was spoiled.
    pub(crate) fn violation(&self) -> String {
        let verdict = self.verdict();
        assert_eq!(verdict.violations.len(), 1, "{verdict:?}");
        verdict.violations[0].clone()
    }

    pub(crate) fn spoil(&self, partition: &str, path: &str) {
        let disk = Base::open(&self.disk).expect("opens");
        let stretches = file_stretches(&disk, partition, path).expect("there");
        let place = self.places[partition];
        self.put(partition, stretches[0].start - place, b"spoiled");
    }
}

fn partitioned(path: &Path) -> BTreeMap<&'static str, u64> {
    let size = PARTITIONS.iter().map(|(_, size)| size * MIB).sum::<u64>() + 4 * MIB;
    let mut file = fs::File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(path)
        .expect("made");
    file.set_len(size).expect("sized");
    ProtectiveMBR::new()
        .overwrite_lba0(&mut file)
        .expect("written");
    let mut table = GptConfig::new()
        .writable(true)
        .logical_block_size(LogicalBlockSize::Lb512)
        .create_from_device(file, None)
        .expect("a table");
    let mut places = BTreeMap::new();
    for (name, size) in PARTITIONS {
        let id = table
            .add_partition(name, size * MIB, partition_types::EFI, 0, Some(2048))
            .expect("room");
        places.insert(name, table.partitions()[&id].first_lba * 512);
    }
    table.write().expect("written");
    places
}
