//! Boot entries in the firmware's memory: a convenience that must never cost an
//! installation. Firmware can be full, read-only, slow or faulty here, and
//! every machine also starts `\EFI\BOOT\BOOTX64.EFI` without an entry.

mod enrol;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use efivar::VarManager;
use efivar::boot::{
    BootEntry, BootEntryAttributes, BootVarName, EFIHardDrive, EFIHardDriveType, FilePath,
    FilePathList,
};
use efivar::efi::Variable;
use megh_model::boot::Firmware;
use uuid::Uuid;

pub(crate) use enrol::enrol;
pub use enrol::{SecureBoot, SecureBootKeys, secure_boot};

/// What our entries are called; one of another name is left alone.
pub const DESCRIPTION: &str = "MeghOS";
/// How long the firmware may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// GPT, as the device path says it.
const FORMAT_GPT: u8 = 2;
/// In an entry, the name follows 4 bytes of attributes and 2 of a length.
const NAME_OFFSET: usize = 6;

/// The partition that an entry starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootPartition {
    /// Its number, from 1.
    pub number: u32,
    /// Its first sector.
    pub first_sector: u64,
    /// Its size in sectors.
    pub sectors: u64,
    /// Its identity.
    pub id: Uuid,
}

/// The entries to be made, and what is known about older ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootEntries {
    /// One entry for each, preferred one first.
    pub partitions: Vec<BootPartition>,
    /// Path of the loader on each, with backslashes.
    pub loader: String,
    /// Partitions that exist on this machine; entries of ours for any other
    /// are remains of an installation that is gone.
    pub present: BTreeSet<Uuid>,
}

/// Why the entries could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EfiError {
    /// A variable could not be read or written.
    #[error("cannot {action} in the firmware")]
    Variable {
        /// What was being done.
        action: &'static str,
        /// What the library said.
        source: Box<efivar::Error>,
    },
    /// All 65536 numbers are taken.
    #[error("the firmware has no free boot entry")]
    Full,
    /// It has an owner already, or knows no Secure Boot.
    #[error("the firmware is not in setup mode: it takes no keys now")]
    NotInSetupMode,
    /// It did not answer, or the library gave up on what it answered.
    #[error("the firmware did not answer within {} seconds", PATIENCE.as_secs())]
    NoAnswer,
}

/// How this machine was started.
pub fn firmware() -> Firmware {
    match Path::new("/sys/firmware/efi").exists() {
        true => Firmware::Uefi,
        false => Firmware::Bios,
    }
}

/// Makes `entries` in the firmware of this machine.
pub(crate) fn register(entries: &BootEntries) -> Result<(), EfiError> {
    let entries = entries.clone();
    aside(move |firmware| register_in(firmware, &entries))?
}

/// Asks the firmware of this machine. Runs aside and is abandoned when the
/// firmware hangs; the library panics where there are no variables at all.
fn aside<T: Send + 'static>(
    work: impl FnOnce(&mut dyn VarManager) -> T + Send + 'static,
) -> Result<T, EfiError> {
    let (sender, result) = mpsc::channel();
    thread::spawn(move || sender.send(work(efivar::system().as_mut())));
    result
        .recv_timeout(PATIENCE)
        .map_err(|_| EfiError::NoAnswer)
}

/// Replaces what is left of older installations, and puts the new entries first.
fn register_in(firmware: &mut dyn VarManager, entries: &BootEntries) -> Result<(), EfiError> {
    let Existing { ours, taken } = existing(firmware)?;
    let mut order = firmware.get_boot_order().unwrap_or_default();
    let new: BTreeSet<Uuid> = entries.partitions.iter().map(|p| p.id).collect();
    for (number, partition) in ours {
        if new.contains(&partition) || !entries.present.contains(&partition) {
            order.retain(|other| *other != number);
            // A variable that cannot be removed is only untidy.
            let _kept = firmware.delete(&Variable::new(&number.boot_var_name()));
        }
    }
    let mut free = (0..=u16::MAX).filter(|number| !taken.contains(number));
    let mut first = Vec::new();
    for partition in &entries.partitions {
        let number = free.next().ok_or(EfiError::Full)?;
        firmware
            .add_boot_entry(number, entry(partition, &entries.loader))
            .map_err(variable("write boot entries"))?;
        first.push(number);
    }
    first.extend(order);
    firmware
        .set_boot_order(first)
        .map_err(variable("order boot entries"))
}

/// What is in the firmware already.
struct Existing {
    /// Our entries, each with the partition it starts from.
    ours: Vec<(u16, Uuid)>,
    /// All numbers in use.
    taken: BTreeSet<u16>,
}

fn existing(firmware: &dyn VarManager) -> Result<Existing, EfiError> {
    let mut ours = Vec::new();
    let mut taken = BTreeSet::new();
    for variable_name in firmware
        .get_all_vars()
        .map_err(variable("list boot entries"))?
    {
        let Some(number) = boot_number(variable_name.name()) else {
            continue;
        };
        taken.insert(number);
        let Ok((bytes, _)) = firmware.read(&variable_name) else {
            continue;
        };
        if !is_ours(&bytes) {
            continue;
        }
        let Ok(BootEntry {
            file_path_list: Some(path),
            ..
        }) = BootEntry::parse(bytes)
        else {
            continue;
        };
        ours.push((number, path.hard_drive.partition_sig));
    }
    Ok(Existing { ours, taken })
}

/// Whether an entry bears our name. Entries of others are not even parsed: the
/// library panics on some malformed ones.
fn is_ours(entry: &[u8]) -> bool {
    let name: Vec<u8> = DESCRIPTION
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    entry
        .get(NAME_OFFSET..)
        .is_some_and(|rest| rest.starts_with(&name))
}

fn boot_number(name: &str) -> Option<u16> {
    let digits = name
        .strip_prefix("Boot")
        .filter(|digits| digits.len() == 4)?;
    u16::from_str_radix(digits, 16).ok()
}

fn entry(partition: &BootPartition, loader: &str) -> BootEntry {
    let hard_drive = EFIHardDrive {
        partition_number: partition.number,
        partition_start: partition.first_sector,
        partition_size: partition.sectors,
        partition_sig: partition.id,
        format: FORMAT_GPT,
        sig_type: EFIHardDriveType::Gpt,
    };
    BootEntry {
        attributes: BootEntryAttributes::LOAD_OPTION_ACTIVE,
        description: DESCRIPTION.to_owned(),
        file_path_list: Some(FilePathList {
            file_path: FilePath {
                path: loader.to_owned(),
            },
            hard_drive,
        }),
        optional_data: Vec::new(),
    }
}

fn variable(action: &'static str) -> impl Fn(efivar::Error) -> EfiError {
    move |source| EfiError::Variable {
        action,
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests;
