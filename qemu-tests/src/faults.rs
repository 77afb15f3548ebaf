//! Damage, done on purpose.

use std::fs::{self, File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;
use gpt::partition::Partition;
use megh_host::command::Cmd;

use crate::Lab;
use crate::disk::Disk;
use crate::image_check;
use crate::release::Release;
use crate::write_log::Base;

/// Size of the pieces in which files are searched for another file's begin.
const SECTOR: usize = 2048;

/// Copies the ISO and flips one bit of the part `file` at `offset` of that part.
pub fn iso_with_flipped_bit(
    lab: &Lab,
    release: &Release,
    file: &str,
    offset: u64,
) -> Result<PathBuf> {
    let damaged = lab.path(&format!("flipped-{file}.iso"));
    fs::copy(release.iso(), &damaged).context("copying the ISO")?;
    let start = position_on_iso(&damaged, &format!("/meghos/{file}"))?;
    flip_bit(&damaged, start + offset)?;
    Ok(damaged)
}

/// Where a file of an ISO image starts in it, in bytes.
fn position_on_iso(iso: &Path, path: &str) -> Result<u64> {
    let report = Cmd::new("xorriso")
        .args(["-indev".as_ref(), iso.as_os_str()])
        .args(["-find", path, "-exec", "report_lba", "--"])
        .stdout()?;
    // File data lba:  0 ,  1234 ,  5 ,  10240 , '/meghos/manifest.json'
    let sector = report
        .lines()
        .find(|line| line.starts_with("File data lba:"))
        .and_then(|line| line.split(',').nth(1))
        .and_then(|number| number.trim().parse::<u64>().ok())
        .with_context(|| format!("{path} is not on {}: {report}", iso.display()))?;
    Ok(sector * SECTOR as u64)
}

/// Flips the lowest bit of the byte at `offset` of a file.
pub fn flip_bit(path: &Path, offset: u64) -> Result<()> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset)
        .and_then(|()| file.write_all_at(&[byte[0] ^ 1], offset))
        .with_context(|| format!("flipping a bit of {} at {offset}", path.display()))
}

/// Overwrites one block of a partition with noise: what a dying disk does.
/// `base` is the raw file that `disk` covers, for finding the partition.
pub fn spoil_partition(disk: &Disk, base: &Path, partition: &str, offset: u64) -> Result<()> {
    spoil(disk, partition_start(base, partition)? + offset)
}

/// Overwrites the block at `offset` of a disk with noise.
pub fn spoil(disk: &Disk, offset: u64) -> Result<()> {
    let command = format!("write -P 0xa5 {offset} 4096");
    Cmd::new("qemu-io")
        .args(["-f", disk.format.name(), "-c", &command])
        .arg(disk.path())
        .run()?;
    Ok(())
}

/// Writes `bytes` to a disk at `offset`.
pub fn patch(lab: &Lab, disk: &Disk, offset: u64, bytes: &[u8]) -> Result<()> {
    let source = lab.path("patch.bin");
    fs::write(&source, bytes).with_context(|| format!("writing {}", source.display()))?;
    let length = bytes.len();
    let command = format!("write -s {} {offset} {length}", source.display());
    Cmd::new("qemu-io")
        .args(["-f", disk.format.name(), "-c", &command])
        .arg(disk.path())
        .run()?;
    Ok(())
}

/// A file on a FAT partition of `base`, the raw file that a disk covers.
#[derive(Debug)]
pub struct FileOnDisk {
    base: PathBuf,
    stretches: Vec<Range<u64>>,
}

impl FileOnDisk {
    /// Finds a file of a partition.
    pub fn find(base: &Path, partition: &str, path: &str) -> Result<Self> {
        let stretches = image_check::file_stretches(&Base::open(base)?, partition, path)?;
        Ok(Self {
            base: base.to_owned(),
            stretches,
        })
    }

    /// Flips a bit in its middle.
    pub fn flip_bit(&self, lab: &Lab, disk: &Disk) -> Result<()> {
        let middle = self.stretches.len() / 2;
        let stretch = self.stretches.get(middle).context("the file is empty")?;
        let offset = stretch.start.midpoint(stretch.end);
        let byte = read_at(&self.base, offset, 1)?[0];
        patch(lab, disk, offset, &[byte ^ 1])
    }

    /// Takes the signature of a program for UEFI away: the header of a PE file
    /// says where its certificates are (PE format, "optional header data
    /// directories", the fifth), and now says that there are none.
    pub fn remove_signature(&self, lab: &Lab, disk: &Disk) -> Result<()> {
        let start = self.stretches.first().context("the file is empty")?.start;
        let head = read_at(&self.base, start, 512)?;
        let header = u32::from_le_bytes(head[0x3c..0x40].try_into()?) as usize;
        let optional = header + 24;
        ensure!(
            head.get(optional..optional + 2) == Some(&[0x0b, 0x02]),
            "the file is no 64-bit PE program"
        );
        let entry = optional + 112 + 4 * 8;
        ensure!(
            head[entry..entry + 8].iter().any(|byte| *byte != 0),
            "the program was not signed to begin with"
        );
        patch(lab, disk, start + entry as u64, &[0; 8])
    }
}

/// Where a partition starts on a raw disk, in bytes.
pub fn partition_start(disk: &Path, name: &str) -> Result<u64> {
    partition(disk, name)?
        .bytes_start(LogicalBlockSize::Lb512)
        .with_context(|| format!("the start of partition `{name}`"))
}

/// The identity of a partition on a raw disk, as firmware and GRUB write it.
pub fn partition_guid(disk: &Path, name: &str) -> Result<String> {
    Ok(partition(disk, name)?.part_guid.to_string())
}

fn partition(disk: &Path, name: &str) -> Result<Partition> {
    let table = GptConfig::new()
        .writable(false)
        .logical_block_size(LogicalBlockSize::Lb512)
        .open(disk)
        .with_context(|| format!("reading the partitions of {}", disk.display()))?;
    table
        .partitions()
        .values()
        .find(|partition| partition.name == name)
        .cloned()
        .with_context(|| format!("{} has no partition `{name}`", disk.display()))
}

/// Reads `length` bytes of a file at `offset`.
pub fn read_at(path: &Path, offset: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    File::open(path)
        .and_then(|file| file.read_exact_at(&mut bytes, offset))
        .with_context(|| format!("reading {} at {offset}", path.display()))?;
    Ok(bytes)
}
