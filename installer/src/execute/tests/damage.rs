//! Releases and disks that are not right.

use std::io;

use megh_host::command::{Cmd, CommandError, Output};
use megh_host::disk::RawDisk;
use megh_host::efi::{EfiError, SecureBootKeys};
use megh_host::mount::{MountError, MountSpec};
use megh_model::release::MANIFEST_FILE;

use super::*;
use crate::testing::flip_bit;

#[test]
fn one_flipped_bit_in_any_part_is_refused_by_name_before_anything_is_written() {
    for kind in PartKind::ALL {
        let (world, fake) = (World::new(), FakeMachine::new());
        flip_bit(&world.part(kind));
        let (outcome, _) = install(&world, &fake);
        let error = outcome.unwrap_err();
        let text = crate::session::chain(&error);
        assert_eq!(error.phase, Phase::Verify);
        assert!(
            text.contains(&format!("part {kind} ({}) is damaged", kind.file())),
            "{text}"
        );
        let touched = |step: &String| !step.starts_with("read ");
        assert!(!fake.journal().iter().any(touched), "{:?}", fake.journal());
    }
}

#[test]
fn a_flipped_bit_in_the_manifest_is_refused() {
    let world = World::new();
    flip_bit(&world.path("release").join(MANIFEST_FILE));
    let opened = Release::open(
        &FakeMachine::new(),
        &world.path("release"),
        &world.path("keys"),
        false,
    );
    let text = crate::session::chain(&opened.unwrap_err());
    assert!(
        text.contains("signature of the manifest is wrong"),
        "{text}"
    );
}

/// A machine whose disk spoils what is written at one place.
#[derive(Debug)]
struct Spoiling {
    fake: FakeMachine,
    at: u64,
}

#[derive(Debug)]
struct SpoilingDisk {
    inner: Box<dyn RawDisk>,
    at: u64,
}

impl RawDisk for SpoilingDisk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut bytes = bytes.to_vec();
        if let Some(byte) = self
            .at
            .checked_sub(offset)
            .and_then(|n| bytes.get_mut(n as usize))
        {
            *byte ^= 1;
        }
        self.inner.write_at(offset, &bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.inner.sync()
    }

    fn read_back(
        &mut self,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        self.inner.read_back(offset, length, each)
    }
}

impl Machine for Spoiling {
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError> {
        self.fake.run(cmd)
    }
    fn mount(&self, spec: &MountSpec) -> Result<(), MountError> {
        self.fake.mount(spec)
    }
    fn unmount(&self, target: &Path, lazy: bool) -> Result<(), MountError> {
        self.fake.unmount(target, lazy)
    }
    fn open_disk(&self, path: &Path) -> io::Result<Box<dyn RawDisk>> {
        Ok(Box::new(SpoilingDisk {
            inner: self.fake.open_disk(path)?,
            at: self.at,
        }))
    }
    fn open_file(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        self.fake.open_file(path)
    }
    fn write_file(&self, path: &Path, content: &mut dyn io::Read) -> io::Result<u64> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        if path.ends_with("kernel") && self.at == 0 {
            bytes[0] ^= 1;
        }
        self.fake.write_file(path, &mut bytes.as_slice())
    }
    fn register_boot(&self, entries: &BootEntries) -> Result<(), EfiError> {
        self.fake.register_boot(entries)
    }

    fn enrol_secure_boot(&self, keys: &SecureBootKeys) -> Result<(), EfiError> {
        self.fake.enrol_secure_boot(keys)
    }
}

fn spoiled_at(at: u64) -> (Phase, String) {
    let world = World::new();
    let machine = Spoiling {
        fake: FakeMachine::new(),
        at,
    };
    let error = install(&world, &machine).0.unwrap_err();
    (error.phase, crate::session::chain(&error))
}

#[test]
fn a_disk_that_keeps_something_else_is_found_out() {
    let release = World::new().release();
    let layout = World::new().plan(&release).layout;
    let root = layout.partition(PartitionRole::RootA).start;
    let (phase, text) = spoiled_at(root + (200 << 10) + 77);
    assert_eq!(phase, Phase::ReadBack);
    assert!(
        text.contains("partition root-a") && text.contains("part root (root.img) is damaged"),
        "{text}"
    );
    let (phase, text) = spoiled_at(layout.partition(PartitionRole::Bios).start + 5);
    assert_eq!(
        (phase, text.contains("partition bios")),
        (Phase::Loaders, true),
        "{text}"
    );
    let (phase, text) = spoiled_at(layout.disk.0 - 3);
    assert_eq!(
        (phase, text.contains("second partition table")),
        (Phase::Activate, true),
        "{text}"
    );
}

#[test]
fn a_file_system_that_keeps_something_else_is_found_out() {
    let (phase, text) = spoiled_at(0);
    assert_eq!(phase, Phase::Kernel);
    assert!(
        text.contains("partition boot-a") && text.contains("part kernel (kernel) is damaged"),
        "{text}"
    );
}
