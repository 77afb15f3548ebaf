//! Partition tables: made in memory, so that the caller decides when, and in
//! which order, they come to the disk.

mod sparse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use gpt::disk::LogicalBlockSize;
use gpt::mbr::ProtectiveMBR;
use gpt::partition::Partition;
use gpt::partition_types::{OperatingSystem, Type};
use megh_model::layout::{Layout, PartitionRole, SectorSize};
use uuid::Uuid;

use sparse::SparseImage;

/// How much of the beginning and the end of a disk tables may occupy.
pub const TABLE_AREA: u64 = 1 << 20;

/// The random identities of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identities {
    /// Of the disk.
    pub disk: Uuid,
    /// Of each partition.
    pub partitions: BTreeMap<PartitionRole, Uuid>,
}

impl Identities {
    /// Draws new ones.
    pub fn random() -> Self {
        let partitions = PartitionRole::ALL
            .into_iter()
            .map(|role| (role, Uuid::new_v4()))
            .collect();
        Self {
            disk: Uuid::new_v4(),
            partitions,
        }
    }
}

/// A partition table as bytes. Written in the order [`Table::tail`],
/// [`Table::head`], [`Table::first_sector`], the disk is unknown to firmware
/// until the last write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Offset and bytes of the second copy, at the disk's end.
    pub tail: (u64, Vec<u8>),
    /// Offset and bytes of the first copy, from the second sector on.
    pub head: (u64, Vec<u8>),
    /// The first sector: boot code and the protective record.
    pub first_sector: Vec<u8>,
}

/// Why a table could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The library refused.
    #[error("cannot make the partition table")]
    Make(#[source] gpt::GptError),
    /// The first record could not be made.
    #[error("cannot make the protective boot record: {0}")]
    Record(String),
    /// Reading from the image failed.
    #[error("cannot make the partition table")]
    Image(#[from] io::Error),
    /// The identity of a partition was not drawn.
    #[error("partition {0} has no identity")]
    Identity(PartitionRole),
}

impl Table {
    /// Renders the table of `layout`; `boot_code` goes into the first sector.
    pub fn render(
        layout: &Layout,
        identities: &Identities,
        boot_code: Option<&[u8; 440]>,
    ) -> Result<Self, TableError> {
        let sector = layout.sector.bytes();
        let mut image = SparseImage::new(layout.disk.0 - layout.disk.0 % sector);
        write_record(&mut image, layout, boot_code)?;
        let mut table = gpt::GptConfig::new()
            .writable(true)
            .logical_block_size(block_size(layout.sector))
            .create_from_device(image, Some(identities.disk))
            .map_err(TableError::Make)?;
        table
            .update_partitions(entries(layout, identities)?)
            .map_err(TableError::Make)?;
        let image = table.write().map_err(TableError::Make)?;
        let (head, (tail_start, tail)) = image.into_parts();
        // The head runs to the first partition, the tail begins after the last.
        let first = layout.partition(PartitionRole::Bios).start as usize;
        let after = layout.partition(PartitionRole::Pool).end();
        let skip = after.saturating_sub(tail_start) as usize;
        Ok(Self {
            first_sector: head[..sector as usize].to_vec(),
            head: (sector, head[sector as usize..first].to_vec()),
            tail: (tail_start + skip as u64, tail[skip..].to_vec()),
        })
    }
}

fn block_size(sector: SectorSize) -> LogicalBlockSize {
    match sector {
        SectorSize::B512 => LogicalBlockSize::Lb512,
        SectorSize::B4096 => LogicalBlockSize::Lb4096,
    }
}

/// The record that tells old programs to keep away, with the boot code in front.
fn write_record(
    image: &mut SparseImage,
    layout: &Layout,
    boot_code: Option<&[u8; 440]>,
) -> Result<(), TableError> {
    let sectors = layout.disk.0 / layout.sector.bytes();
    let mut record = ProtectiveMBR::with_lb_size(u32::try_from(sectors - 1).unwrap_or(u32::MAX));
    if let Some(code) = boot_code {
        record.set_bootcode(*code);
    }
    record
        .overwrite_lba0(image)
        .map_err(|error| TableError::Record(error.to_string()))?;
    Ok(())
}

fn entries(
    layout: &Layout,
    identities: &Identities,
) -> Result<BTreeMap<u32, Partition>, TableError> {
    let sector = layout.sector.bytes();
    let entry = |partition: &megh_model::layout::Partition| {
        let role = partition.role;
        let part_guid = *identities
            .partitions
            .get(&role)
            .ok_or(TableError::Identity(role))?;
        let entry = Partition {
            part_type_guid: Type {
                guid: role.type_guid(),
                os: OperatingSystem::None,
            },
            part_guid,
            first_lba: partition.start / sector,
            last_lba: partition.end() / sector - 1,
            flags: 0,
            name: role.name().to_owned(),
        };
        Ok((role.number(), entry))
    };
    layout.partitions.iter().map(entry).collect()
}
