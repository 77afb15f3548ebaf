//! The loader's own note: how often it has started what.
//!
//! GRUB has no arithmetic, so that counts are states, and it can only write over
//! a file that is there. The file keeps its size, and all variables lie in its
//! first 512 bytes: a sector is written wholly or not at all.

use super::block::{BLOCK_SIZE, Block};
use crate::slot::Slot;

/// Path of the marker below the root of partition `esp`.
pub const MARKER_PATH: &str = "meghos/trial";

/// How often a slot on trial is started before the good one is again.
pub const TRIES: u8 = 3;

/// After so many starts without a sign of life from the good slot, the other
/// one is started as often, if it carries a good mark; and so on in turn.
pub const VAIN_STARTS: u8 = 5;

/// What the loader notes. Userspace writes it when it changes the environment,
/// and when a start was not in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The version of the environment that it belongs to, 0 while both copies
    /// are lost; a marker of another one counts for nothing.
    pub sequence: u64,
    /// Starts that a slot on trial still has, 0 to [`TRIES`].
    pub left: u8,
    /// Starts without a sign of life, 0 to twice [`VAIN_STARTS`] less one.
    pub vain: u8,
    /// What the loader did last; none before it did anything.
    pub last: Option<LastStart>,
}

/// What the loader did last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastStart {
    /// The slot that it tried first.
    pub slot: Slot,
    /// Why that one.
    pub why: StartReason,
}

/// Why the loader chose a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartReason {
    /// It is the good slot.
    Usual,
    /// It is on trial.
    Trial,
    /// It is the good slot, because the trial has no starts left or the marker
    /// cannot be trusted.
    Spent,
    /// The good slot was started in vain too often.
    Vain,
    /// It carries the newest good mark, and the environment is lost.
    Marks,
    /// A person chose it in the boot menu.
    Hand,
}

impl StartReason {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::Usual,
        Self::Trial,
        Self::Spent,
        Self::Vain,
        Self::Marks,
        Self::Hand,
    ];

    /// The word in the marker.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Trial => "trial",
            Self::Spent => "spent",
            Self::Vain => "vain",
            Self::Marks => "marks",
            Self::Hand => "hand",
        }
    }
}

impl Marker {
    /// For an environment with that number, before any start.
    pub const fn fresh(sequence: u64) -> Self {
        Self {
            sequence,
            left: TRIES,
            vain: 0,
            last: None,
        }
    }

    /// The file's bytes.
    pub fn to_bytes(self) -> [u8; BLOCK_SIZE] {
        let mut block = Block::default();
        block.set("megh_for", &self.sequence.to_string());
        block.set("megh_left", &self.left.to_string());
        block.set("megh_vain", &self.vain.to_string());
        if let Some(last) = self.last {
            block.set("megh_started", &last.slot.to_string());
            block.set("megh_why", last.why.word());
        }
        block.to_bytes()
    }

    /// Reads the file as the loader does: counts that make no sense are 0.
    /// None when it is no block, or names no version of the environment.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let block = Block::parse(bytes).ok()?;
        let sequence = match block.get("megh_for")? {
            "0" => 0,
            text => super::parse_sequence(text)?,
        };
        let digit = |name, most| {
            let text = block.get(name).filter(|text| text.len() == 1)?;
            text.parse().ok().filter(|number: &u8| *number <= most)
        };
        let last = || {
            let slot = Slot::from_letter(block.get("megh_started")?)?;
            let word = block.get("megh_why")?;
            let why = StartReason::ALL
                .into_iter()
                .find(|why| why.word() == word)?;
            Some(LastStart { slot, why })
        };
        Some(Self {
            sequence,
            left: digit("megh_left", TRIES).unwrap_or(0),
            vain: digit("megh_vain", 2 * VAIN_STARTS - 1).unwrap_or(0),
            last: last(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_loader_finds_its_variables_in_the_first_sector() {
        let marker = Marker {
            last: Some(LastStart {
                slot: Slot::B,
                why: StartReason::Usual,
            }),
            ..Marker::fresh(super::super::MAX_SEQUENCE)
        };
        let bytes = marker.to_bytes();
        assert!(bytes[512..].iter().all(|byte| *byte == b'#'));
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for line in [
            "megh_for=999999999\n",
            "megh_left=3\n",
            "megh_vain=0\n",
            "megh_started=b\n",
            "megh_why=usual\n",
        ] {
            assert!(text.contains(line), "{line} {text}");
        }
    }

    #[test]
    fn counts_that_make_no_sense_are_zero_and_a_marker_for_nothing_is_none() {
        let altered = |from: &str, to: &str| {
            let text = String::from_utf8(Marker::fresh(7).to_bytes().to_vec()).unwrap();
            Marker::parse(text.replace(from, to).as_bytes())
        };
        assert_eq!(altered("left=3", "left=4").map(|m| m.left), Some(0));
        assert_eq!(altered("vain=0", "vain=x").map(|m| m.vain), Some(0));
        assert_eq!(altered("for=7", "for=07"), None);
        assert_eq!(altered("for=7", "for=x"), None);
        assert_eq!(altered("# GRUB", "# GRAB"), None);
        assert_eq!(Marker::parse(b""), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(sequence in 0..1000u64, left in 0..=TRIES, vain in 0..2 * VAIN_STARTS, last in 0..13usize) {
            let last = (last < 12).then(|| LastStart {
                slot: Slot::ALL[last % 2],
                why: StartReason::ALL[last / 2],
            });
            let marker = Marker { sequence, left, vain, last };
            prop_assert_eq!(Marker::parse(&marker.to_bytes()), Some(marker));
        }
    }
}
