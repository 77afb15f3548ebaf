//! A whole installation with real file systems on a file, except for the pool:
//! device-mapper belongs to the whole machine. Needs root and loop devices.
//! Kernels of build machines may lack FAT, so that ext2 stands in for it when
//! mounted; what makes the FAT file systems is tried by itself.

use std::io;

use megh_host::System;
use megh_host::command::{Cmd, CommandError, Output};
use megh_host::disk::RawDisk;
use megh_host::efi::{EfiError, SecureBootKeys};
use megh_host::mount::{LoopDevice, LoopSpec, Mount, MountError, MountSpec};
use megh_model::answers::{SITE_FILE, SiteConfig};

use megh_model::layout::SectorSize;

use super::*;
use crate::execute::file_systems::make_command;

/// This machine, without its volume manager and its firmware.
#[derive(Debug)]
struct HalfSystem;

impl Machine for HalfSystem {
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError> {
        let skipped = [
            "pvcreate", "vgcreate", "lvcreate", "vgchange", "mkfs.xfs", "blockdev",
        ];
        if skipped.iter().any(|program| cmd.program() == *program) {
            return Ok(Output::success(""));
        }
        match cmd
            .arguments()
            .last()
            .filter(|_| cmd.program() == "mkfs.vfat")
        {
            Some(device) => System.run(&Cmd::new("mkfs.ext2").args(["-q", "-F"]).arg(device)),
            None => System.run(cmd),
        }
    }
    fn mount(&self, spec: &MountSpec) -> Result<(), MountError> {
        let device = spec
            .what()
            .split(' ')
            .next()
            .map(str::to_owned)
            .unwrap_or_default();
        let ext = MountSpec::device(device, spec.target(), "ext4");
        System.mount(&if format!("{spec:?}").contains("read_only: true") {
            ext.read_only()
        } else {
            ext
        })
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
    fn register_boot(&self, _entries: &BootEntries) -> Result<(), EfiError> {
        Err(EfiError::NoAnswer)
    }
    fn enrol_secure_boot(&self, _keys: &SecureBootKeys) -> Result<(), EfiError> {
        Err(EfiError::NotInSetupMode)
    }
}

/// Whether this process may use loop devices and mounts.
fn able(world: &World) -> bool {
    let device = LoopDevice::attach(&LoopSpec::whole(world.path("disk")).read_only());
    let mount = Mount::new(&MountSpec::virtual_fs("tmpfs", world.path("probe")));
    if device.is_err() || mount.is_err() {
        eprintln!("skipped: needs root and loop devices");
    }
    device.is_ok() && mount.is_ok()
}

#[test]
fn other_tools_agree_with_what_was_installed() {
    let world = World::new();
    if !able(&world) {
        return;
    }
    let (outcome, events) = install(&world, &HalfSystem);
    if let Err(error) = outcome {
        panic!("{}", crate::session::chain(&error));
    }
    assert!(
        events.iter().any(
            |event| matches!(event, Event::Warning { message } if message.contains("firmware"))
        )
    );
    let disk = world.path("disk");
    let verdict = Cmd::new("sgdisk")
        .arg("--verify")
        .arg(&disk)
        .stdout()
        .unwrap();
    assert!(verdict.contains("No problems found"), "{verdict}");

    let layout = world.plan(&world.release()).layout;
    let device = |role| {
        let partition = layout.partition(role);
        LoopDevice::attach(&LoopSpec::part(&disk, partition.start, partition.size.0).read_only())
            .unwrap()
    };
    for role in [
        PartitionRole::Esp,
        PartitionRole::EspSpare,
        PartitionRole::BootA,
        PartitionRole::State,
    ] {
        Cmd::new("e2fsck")
            .arg("-fn")
            .arg(device(role).path())
            .run()
            .unwrap();
    }

    let esp = device(PartitionRole::EspSpare);
    let mount =
        Mount::new(&MountSpec::device(esp.path(), world.path("esp"), "ext4").read_only()).unwrap();
    assert_eq!(
        std::fs::read(mount.path().join("meghos/bootenv"))
            .unwrap()
            .len(),
        1024
    );
    let shim = std::fs::read(mount.path().join("EFI/BOOT/BOOTX64.EFI")).unwrap();
    assert!(shim == std::fs::read(world.part(PartKind::Shim)).unwrap());
    drop(mount);
    let state = device(PartitionRole::State);
    let mount =
        Mount::new(&MountSpec::device(state.path(), world.path("state"), "ext4").read_only())
            .unwrap();
    let site = std::fs::read_to_string(mount.path().join(SITE_FILE)).unwrap();
    assert_eq!(
        SiteConfig::parse(&site).unwrap().host_name.as_str(),
        "meghos-beef"
    );
}

#[test]
fn fat_fits_both_sector_sizes() {
    let world = World::new();
    for (role, sector, mib) in [
        (PartitionRole::Esp, SectorSize::B512, 256),
        (PartitionRole::Esp, SectorSize::B4096, 256),
        (PartitionRole::BootA, SectorSize::B512, 512),
        (PartitionRole::BootA, SectorSize::B4096, 512),
    ] {
        let file = world.path("fat");
        File::create(&file).unwrap().set_len(mib << 20).unwrap();
        let made = make_command(role, sector, &file).run().unwrap();
        assert_eq!(made.stderr, "", "{role} {sector:?}");
        Cmd::new("fsck.vfat").arg("-n").arg(&file).run().unwrap();
    }
}
