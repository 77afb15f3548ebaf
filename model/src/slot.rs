//! The two slots of an installed machine, and which of them may be started.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two places on a disk that hold a complete system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The slot that a fresh installation fills.
    A,
    /// The slot that the first update fills.
    B,
}

impl Slot {
    /// The slot that is not this one.
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The lower-case letter used in partition names and the boot environment.
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}
