//! The boot environment: what the loader reads to choose a slot.
//!
//! It is kept twice, on the two EFI system partitions, and each copy is two
//! files: a block in GRUB's format with a sequence number, and a line with the
//! block's SHA-256 that GRUB's `sha256sum --check` and coreutils both read. A
//! copy that was cut off while being written fails its checksum and counts as
//! absent, so writers begin with the copy that is not in use.

use sha2::{Digest, Sha256};

use crate::slot::{BootChoice, BootOrder, Slot};

mod block;
mod mark;
mod marker;
#[cfg(test)]
mod tests;

pub use block::{BLOCK_SIZE, Block, BlockError};
pub use mark::{GoodMark, MARK_FILE};
pub use marker::{LastStart, MARKER_PATH, Marker, StartReason, TRIES, VAIN_STARTS};

/// Path of the block below the root of an EFI system partition.
pub const BLOCK_PATH: &str = "meghos/bootenv";
/// Path of the block's checksum below the root of an EFI system partition.
pub const SUM_PATH: &str = "meghos/bootenv.sum";

/// Name of the block as its checksum line has it.
const BLOCK_NAME: &str = "bootenv";
/// The only form of the variables that this code and our GRUB read.
const SCHEMA: &str = "1";
/// GRUB compares numbers of 32 bits with a sign; an update uses up three.
const MAX_SEQUENCE: u64 = 999_999_999;

/// One version of the boot environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootEnv {
    sequence: u64,
    choice: BootChoice,
}

/// One of the two copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvCopy {
    /// On partition `esp`.
    Main,
    /// On partition `esp-spare`.
    Spare,
}

/// Why the bytes of a copy are no boot environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// Cut off or damaged.
    #[error("its checksum does not match")]
    Checksum,
    /// Not in GRUB's format.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A variable is absent or has none of its allowed values.
    #[error("its variable {0} is missing or has a value that is not allowed")]
    Variable(&'static str),
}

/// The content of the two files of one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFiles {
    /// For [`BLOCK_PATH`].
    pub block: Vec<u8>,
    /// For [`SUM_PATH`].
    pub sum: Vec<u8>,
}

impl BootEnv {
    /// The first version, which an installation writes to both copies.
    pub const fn first(choice: BootChoice) -> Self {
        Self {
            sequence: 1,
            choice,
        }
    }

    /// The version after the one with that number, for when none is left.
    pub const fn after(sequence: u64, choice: BootChoice) -> Self {
        let before = Self { sequence, choice };
        before.next(choice)
    }

    /// The version that follows this one.
    pub const fn next(self, choice: BootChoice) -> Self {
        let sequence = if self.sequence < MAX_SEQUENCE {
            self.sequence + 1
        } else {
            MAX_SEQUENCE
        };
        Self { sequence, choice }
    }

    /// Its number: the higher one is in force.
    pub const fn sequence(self) -> u64 {
        self.sequence
    }

    /// What the loader is told.
    pub const fn choice(self) -> BootChoice {
        self.choice
    }

    /// The files of one copy.
    pub fn files(self) -> EnvFiles {
        let mut block = Block::default();
        block.set("megh_schema", SCHEMA);
        block.set("megh_seq", &self.sequence.to_string());
        block.set("megh_order", self.choice.order.as_str());
        block.set("megh_good", &self.choice.good.to_string());
        let block = block.to_bytes().to_vec();
        let sum = sum_line(&block).into_bytes();
        EnvFiles { block, sum }
    }

    /// Reads one copy. Variables of later releases are passed over.
    pub fn parse(files: &EnvFiles) -> Result<Self, EnvError> {
        if files.sum != sum_line(&files.block).as_bytes() {
            return Err(EnvError::Checksum);
        }
        let block = Block::parse(&files.block)?;
        let variable = |name| block.get(name).ok_or(EnvError::Variable(name));
        if variable("megh_schema")? != SCHEMA {
            return Err(EnvError::Variable("megh_schema"));
        }
        let sequence =
            parse_sequence(variable("megh_seq")?).ok_or(EnvError::Variable("megh_seq"))?;
        let order =
            BootOrder::parse(variable("megh_order")?).ok_or(EnvError::Variable("megh_order"))?;
        let good =
            Slot::from_letter(variable("megh_good")?).ok_or(EnvError::Variable("megh_good"))?;
        Ok(Self {
            sequence,
            choice: BootChoice { order, good },
        })
    }
}

/// What two copies say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The version in force; none when both copies are unreadable.
    pub current: Option<BootEnv>,
    /// The copy to write first: losing it loses nothing.
    pub write_first: EnvCopy,
}

/// Chooses between two copies as the loader does: the higher sequence number,
/// the main copy when they are equal.
pub fn choose(main: Option<BootEnv>, spare: Option<BootEnv>) -> Reading {
    let spare_wins = match (main, spare) {
        (Some(main), Some(spare)) => spare.sequence > main.sequence,
        (main, spare) => main.is_none() && spare.is_some(),
    };
    let write_first = if spare_wins {
        EnvCopy::Main
    } else {
        EnvCopy::Spare
    };
    Reading {
        current: if spare_wins { spare } else { main },
        write_first,
    }
}

fn sum_line(block: &[u8]) -> String {
    format!("{}  {BLOCK_NAME}\n", hex::encode(Sha256::digest(block)))
}

/// A positive number in its only spelling.
fn parse_sequence(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    let canonical = number.to_string() == text;
    (canonical && (1..=MAX_SEQUENCE).contains(&number)).then_some(number)
}
