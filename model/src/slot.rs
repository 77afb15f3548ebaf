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
    /// Both slots.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

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

    /// The slot of a lower-case letter.
    pub fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "a" => Some(Self::A),
            "b" => Some(Self::B),
            _ => None,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// In which order the loader tries the slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootOrder {
    first: Slot,
}

impl BootOrder {
    /// The given slot, then the other.
    pub const fn starting_with(first: Slot) -> Self {
        Self { first }
    }

    /// The slot that is tried first.
    pub const fn first(self) -> Slot {
        self.first
    }

    /// The form in the boot environment: `ab` or `ba`.
    pub const fn as_str(self) -> &'static str {
        match self.first {
            Slot::A => "ab",
            Slot::B => "ba",
        }
    }

    /// Reads the form in the boot environment.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ab" => Some(Self::starting_with(Slot::A)),
            "ba" => Some(Self::starting_with(Slot::B)),
            _ => None,
        }
    }
}

/// What userspace tells the loader: only the order and the slot that is known
/// to work. What the loader itself notes is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootChoice {
    /// The order in which the slots are tried.
    pub order: BootOrder,
    /// The slot that last did its job.
    pub good: Slot,
}

impl BootChoice {
    /// After an installation: slot A alone is filled.
    pub const INSTALLED: Self = Self {
        order: BootOrder::starting_with(Slot::A),
        good: Slot::A,
    };

    /// The slot alone, which is known to work.
    pub const fn settled(good: Slot) -> Self {
        Self {
            order: BootOrder::starting_with(good),
            good,
        }
    }

    /// The slot that is not known to work, if one is tried first.
    pub fn on_trial(self) -> Option<Slot> {
        let first = self.order.first();
        (first != self.good).then_some(first)
    }
}
