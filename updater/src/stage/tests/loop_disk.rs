//! Staging and applying with real file systems on loop devices. Needs root.
//! Kernels of build machines may lack FAT, so that ext4 stands in for it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use megh_host::System;
use megh_host::command::{Cmd, CommandError, Output};
use megh_host::disk::RawDisk;
use megh_host::efi::{BootEntries, EfiError, SecureBootKeys};
use megh_host::mount::{LoopDevice, LoopSpec, Mount, MountError, MountSpec};
use megh_model::boot_env::EnvCopy;

use super::*;

const SIZE: u64 = 16 << 20;

/// This machine, with another file system and without its firmware.
#[derive(Debug)]
struct HalfSystem;

impl Machine for HalfSystem {
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError> {
        let device = cmd.arguments().last().unwrap_or_default();
        match cmd.program().to_str() {
            Some("mkfs.vfat") => make(Path::new(device)),
            Some("fsck.vfat") => System.run(&Cmd::new("e2fsck").arg("-fn").arg(device)),
            _ => System.run(cmd),
        }
    }
    fn mount(&self, spec: &MountSpec) -> Result<(), MountError> {
        let what = spec.what();
        let device = what.split(' ').next().unwrap_or_default();
        let ext4 = MountSpec::device(device, spec.target(), "ext4");
        let read_only = format!("{spec:?}").contains("read_only: true");
        System.mount(&if read_only { ext4.read_only() } else { ext4 })
    }
    fn unmount(&self, target: &Path, lazy: bool) -> Result<(), MountError> {
        System.unmount(target, lazy)
    }
    fn open_disk(&self, path: &Path) -> io::Result<Box<dyn RawDisk>> {
        System.open_disk(path)
    }
    fn open_file(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        System.open_file(path)
    }
    fn write_file(&self, path: &Path, content: &mut dyn io::Read) -> io::Result<u64> {
        System.write_file(path, content)
    }
    fn register_boot(&self, _: &BootEntries) -> Result<(), EfiError> {
        Err(EfiError::NoAnswer)
    }
    fn enrol_secure_boot(&self, _: &SecureBootKeys) -> Result<(), EfiError> {
        Err(EfiError::NoAnswer)
    }
}

fn make(device: &Path) -> Result<Output, CommandError> {
    System.run(&Cmd::new("mkfs.ext4").args(["-q", "-F"]).arg(device))
}

/// Puts the small partitions and the other root on loop devices, with what the
/// installer has written.
fn on_loop_devices(world: &mut World) -> Option<Vec<LoopDevice<'static>>> {
    let mut devices = Vec::new();
    for role in [
        PartitionRole::Esp,
        PartitionRole::EspSpare,
        PartitionRole::BootA,
        PartitionRole::BootB,
        PartitionRole::RootB,
    ] {
        let file = world.places.path("/loops").join(role.name());
        crate::testing::put(&file, b"");
        File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_len(SIZE)
            .unwrap();
        let device = LoopDevice::attach(&LoopSpec::whole(&file)).ok()?;
        let dir = world.places.mount(role);
        // Slot B's boot partition has no file system before the first update.
        if !matches!(role, PartitionRole::BootB | PartitionRole::RootB) {
            make(device.path()).unwrap();
            let files = world.files(&dir);
            fs::remove_dir_all(&dir).unwrap();
            let mount = Mount::new(&MountSpec::device(device.path(), &dir, "ext4")).ok()?;
            for (path, bytes) in files {
                crate::testing::put(&path, &bytes);
            }
            mount.release().unwrap();
        }
        let path: PathBuf = device.path().to_owned();
        world.disk.partitions.insert(role, path);
        devices.push(device);
    }
    Some(devices)
}

#[test]
fn real_file_systems_take_a_release_and_the_order_to_try_it() {
    let mut world = world();
    let Some(_devices) = on_loop_devices(&mut world) else {
        eprintln!("skipped: needs root and loop devices");
        return;
    };
    let before = stage(&world, &HalfSystem);
    let staged = match before {
        Ok(staged) => staged,
        Err(error) => panic!("{}", crate::chain(&error)),
    };
    assert_eq!((staged.slot, staged.version.as_str()), (Slot::B, NEW));
    let updater = world.updater(&HalfSystem);
    let status = updater.status_anew();
    assert!(status.problems.is_empty(), "{:?}", status.problems);
    assert_eq!(status.staged.as_ref(), Some(&staged));
    assert_eq!(updater.apply(&mut |_| ()).unwrap(), NEW);
    let root = fs::read(world.disk.device(PartitionRole::RootB).unwrap()).unwrap();
    assert!(root.starts_with(&crate::testing::content(PartKind::Root, NEW)));
    let mounted = |role| {
        let device = world.disk.device(role).unwrap();
        let check = Cmd::new("e2fsck").arg("-fn").arg(device);
        check.run().unwrap();
        Mount::new(&MountSpec::device(device, world.places.mount(role), "ext4").read_only())
            .unwrap()
    };
    let boot = mounted(PartitionRole::BootB);
    for (kind, name) in files_of_a_slot() {
        let found = fs::read(boot.path().join(name)).unwrap();
        assert!(found == crate::testing::content(kind, NEW), "{kind}");
    }
    let drafts = fs::read_dir(boot.path()).unwrap().flatten();
    let drafts = drafts.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(drafts.count(), 0);
    let _esps = [
        mounted(PartitionRole::Esp),
        mounted(PartitionRole::EspSpare),
    ];
    let env = world.env();
    for copy in [EnvCopy::Main, EnvCopy::Spare] {
        let choice = env.copy(copy).unwrap().choice();
        assert_eq!((choice.on_trial(), choice.good), (Some(Slot::B), Slot::A));
    }
    assert_eq!(env.marker().map(|marker| marker.sequence), Some(2));
}

fn files_of_a_slot() -> impl Iterator<Item = (PartKind, &'static str)> {
    megh_model::update::BOOT_FILES.into_iter()
}
