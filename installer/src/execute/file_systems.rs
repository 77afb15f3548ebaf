//! Partitions with files: made, filled, and read back from the medium.

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use megh_host::command::Cmd;
use megh_host::disk::{CHUNK, RawDisk};
use megh_host::mount::{LoopDevice, LoopSpec, Mount, MountSpec};
use megh_model::answers::SITE_FILE;
use megh_model::bios;
use megh_model::boot_env::{
    BLOCK_PATH, BootEnv, GoodMark, MARK_FILE, MARKER_PATH, Marker, SUM_PATH,
};
use megh_model::layout::{Partition, PartitionRole, SectorSize};
use megh_model::release::PartKind;
use megh_model::slot::{BootChoice, Slot};
use megh_model::update::{
    BOOT_FILES, ESP_FILES, KEPT_LOADERS, LOADER_DIR, SLOT_FILE, SlotRecord, SlotState,
};

use super::{Run, StepError};
use crate::progress::Meter;

/// What a file of a new file system holds.
enum Content {
    /// A part of the release.
    Part(PartKind),
    /// Something made here.
    Bytes(Vec<u8>),
}

type Files = Vec<(PathBuf, Content)>;

impl Run<'_> {
    /// GRUB for BIOS in front, then both EFI system partitions.
    pub(super) fn write_loaders(&mut self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        self.write_bios_core(disk)?;
        let environment = BootEnv::first(BootChoice::INSTALLED);
        let marker = Marker::fresh(environment.sequence()).to_bytes().to_vec();
        let environment = environment.files();
        for role in [PartitionRole::Esp, PartitionRole::EspSpare] {
            let mut files = parts(&ESP_FILES);
            files.push((BLOCK_PATH.into(), Content::Bytes(environment.block.clone())));
            files.push((SUM_PATH.into(), Content::Bytes(environment.sum.clone())));
            files.push((MARKER_PATH.into(), Content::Bytes(marker.clone())));
            self.make(disk, role, &files)?;
        }
        Ok(())
    }

    /// What the loader starts slot A with, and what the slot knows of itself:
    /// a slot that was just installed counts as good.
    pub(super) fn write_slot(&mut self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        let mut files = parts(&BOOT_FILES);
        let loader = |kind: PartKind| Path::new(LOADER_DIR).join(kind.file());
        files.extend(KEPT_LOADERS.map(|kind| (loader(kind), Content::Part(kind))));
        for (name, bytes) in self.task.release.documents() {
            files.push((name.into(), Content::Bytes(bytes.clone())));
        }
        let (record, mark) = self.first_slot();
        files.push((SLOT_FILE.into(), Content::Bytes(record.to_bytes())));
        files.push((MARK_FILE.into(), Content::Bytes(mark.to_bytes().to_vec())));
        self.make(disk, PartitionRole::boot(Slot::A), &files)
    }

    fn first_slot(&self) -> (SlotRecord, GoodMark) {
        let manifest = self.task.release.manifest();
        let size = |kind| manifest.part(kind).size;
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let record = SlotRecord {
            schema: 1,
            state: SlotState::Good,
            version: manifest.version().to_string(),
            root_hash: manifest.verity().root_hash.clone(),
            at: since_1970.map_or(0, |time| time.as_secs()),
            fetched: 0,
            size: PartKind::ALL.into_iter().map(size).sum(),
        };
        let sequence = BootEnv::first(BootChoice::INSTALLED).sequence();
        let mark = GoodMark {
            sequence: Some(sequence),
            root: record
                .root_hash
                .parse()
                .expect("the verifier has checked the root hash"),
            version: record.version.clone(),
        };
        (record, mark)
    }

    /// The state partition with what the machine knows about itself.
    pub(super) fn make_state(&mut self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        let site = Content::Bytes(self.task.plan.site().to_toml().into_bytes());
        self.make(disk, PartitionRole::State, &vec![(SITE_FILE.into(), site)])
    }

    fn write_bios_core(&mut self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        let role = PartitionRole::Bios;
        let start = self.task.plan.layout.partition(role).start;
        let image = self.task.release.bytes(self.machine, PartKind::BiosCore)?;
        let image = bios::core_image(&image, start / bios::BIOS_SECTOR)?;
        disk.write_at(start, &image)
            .map_err(self.disk_error("write partition", role))?;
        self.expect_on_disk(disk, start, &image, &format!("partition {role}"))
    }

    /// Compares a stretch of the medium with what was written there.
    pub(super) fn expect_on_disk(
        &self,
        disk: &mut dyn RawDisk,
        offset: u64,
        expected: &[u8],
        what: &str,
    ) -> Result<(), StepError> {
        let mut found = Vec::with_capacity(expected.len());
        disk.read_back(offset, expected.len() as u64, &mut |bytes| {
            found.extend_from_slice(bytes)
        })
        .map_err(self.disk_error("read back", what))?;
        match found == expected {
            true => Ok(()),
            false => Err(StepError::Differs(what.to_owned())),
        }
    }

    /// Makes a partition's file system with `files`, and checks what arrived.
    fn make(
        &mut self,
        disk: &mut dyn RawDisk,
        role: PartitionRole,
        files: &Files,
    ) -> Result<(), StepError> {
        let partition = *self.task.plan.layout.partition(role);
        self.fill(&partition, files)?;
        disk.sync()
            .map_err(self.disk_error("write partition", role))?;
        self.check(&partition, files)
    }

    fn fill(&mut self, partition: &Partition, files: &Files) -> Result<(), StepError> {
        let device = LoopDevice::attach_on(self.machine, &self.stretch(partition))?;
        self.machine.run(&make_command(
            partition.role,
            self.task.plan.layout.sector,
            device.path(),
        ))?;
        let mount = Mount::on(
            self.machine,
            &self.mount_spec(device.path(), partition.role),
        )?;
        for (path, content) in files {
            self.write(partition.role, mount.path(), path, content)?;
        }
        mount.release()?;
        device.release()?;
        Ok(())
    }

    fn write(
        &mut self,
        role: PartitionRole,
        root: &Path,
        path: &Path,
        content: &Content,
    ) -> Result<(), StepError> {
        let fail = file_error("write", path, role);
        let target = root.join(path);
        match content {
            Content::Bytes(bytes) => {
                self.machine
                    .write_file(&target, &mut Cursor::new(bytes))
                    .map_err(fail)?;
            }
            Content::Part(kind) => {
                let inner = self
                    .machine
                    .open_file(&self.task.release.path(*kind))
                    .map_err(&fail)?;
                let mut counted = Counted {
                    inner,
                    meter: &mut self.meter,
                };
                self.machine
                    .write_file(&target, &mut counted)
                    .map_err(fail)?;
            }
        }
        Ok(())
    }

    /// Mounts it again, past the page cache where that can be done, and reads.
    fn check(&mut self, partition: &Partition, files: &Files) -> Result<(), StepError> {
        let spec = self.stretch(partition).read_only();
        let device = LoopDevice::attach_on(self.machine, &spec.clone().direct())
            .or_else(|_| LoopDevice::attach_on(self.machine, &spec))?;
        let mount = Mount::on(
            self.machine,
            &self.mount_spec(device.path(), partition.role).read_only(),
        )?;
        for (path, content) in files {
            self.check_file(partition.role, mount.path(), path, content)?;
        }
        mount.release()?;
        device.release()?;
        Ok(())
    }

    fn check_file(
        &mut self,
        role: PartitionRole,
        root: &Path,
        path: &Path,
        content: &Content,
    ) -> Result<(), StepError> {
        let fail = file_error("read back", path, role);
        let mut file = self.machine.open_file(&root.join(path)).map_err(&fail)?;
        match content {
            Content::Bytes(expected) => {
                let mut found = Vec::new();
                file.take(expected.len() as u64 + 1)
                    .read_to_end(&mut found)
                    .map_err(fail)?;
                let what = || StepError::Differs(format!("{} on partition {role}", path.display()));
                if found == *expected {
                    Ok(())
                } else {
                    Err(what())
                }
            }
            Content::Part(kind) => {
                let wrong = |source| StepError::ReadBack {
                    partition: role,
                    source,
                };
                let mut check = self.task.release.manifest().check(*kind);
                let mut buffer = vec![0; CHUNK];
                loop {
                    let count = file.read(&mut buffer).map_err(&fail)?;
                    if count == 0 {
                        return check.finish().map_err(wrong);
                    }
                    self.meter.add(count as u64);
                    check.update(&buffer[..count]).map_err(wrong)?;
                }
            }
        }
    }

    /// A loop device over the partition: there are no partitions yet.
    pub(super) fn stretch(&self, partition: &Partition) -> LoopSpec {
        let spec = LoopSpec::part(&self.task.plan.device, partition.start, partition.size.0);
        match self.task.plan.layout.sector {
            SectorSize::B512 => spec,
            SectorSize::B4096 => spec.sector_size(4096),
        }
    }

    fn mount_spec(&self, device: &Path, role: PartitionRole) -> MountSpec {
        let fs = if role == PartitionRole::State {
            "ext4"
        } else {
            "vfat"
        };
        let target = self.task.run.join(format!("mount-{role}"));
        MountSpec::device(device, target, fs)
            .option("nosuid")
            .option("nodev")
            .option("noexec")
    }
}

fn parts(list: &[(PartKind, &str)]) -> Files {
    list.iter()
        .map(|(kind, path)| (PathBuf::from(path), Content::Part(*kind)))
        .collect()
}

/// The smaller partitions have too few clusters for FAT32 when a cluster cannot
/// be smaller than 4096 bytes.
pub(super) fn make_command(role: PartitionRole, sector: SectorSize, device: &Path) -> Cmd {
    if role == PartitionRole::State {
        return Cmd::new("mkfs.ext4").args(["-q", "-F"]).arg(device);
    }
    let small = matches!(role, PartitionRole::Esp | PartitionRole::EspSpare);
    let bits = if small && sector == SectorSize::B4096 {
        "16"
    } else {
        "32"
    };
    Cmd::new("mkfs.vfat")
        .args(["-I", "-F", bits, "-S", &sector.bytes().to_string()])
        .arg(device)
}

fn file_error(
    action: &'static str,
    path: &Path,
    partition: PartitionRole,
) -> impl Fn(io::Error) -> StepError + use<> {
    let path = path.to_owned();
    move |source| StepError::File {
        action,
        path: path.clone(),
        partition,
        source,
    }
}

/// Counts what is read through it.
struct Counted<'m, 'r> {
    inner: Box<dyn Read + Send>,
    meter: &'m mut Meter<'r>,
}

impl Read for Counted<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.add(count as u64);
        Ok(count)
    }
}
