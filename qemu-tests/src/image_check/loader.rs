//! What the loader would do with a disk: a second, independent reading of its
//! rules, from the documents it finds.

use sha2::{Digest, Sha256};

use super::fat::Fat;

const HEADER: &str = "# GRUB Environment Block\n";
const BLOCK: usize = 1024;
/// Starts without a sign of life before the other slot has its turn.
const VAIN: u32 = 5;

/// One of the two places for a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotName {
    /// The one that an installation fills.
    A,
    /// The other one.
    B,
}

impl SlotName {
    /// Its letter.
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }

    /// The one that it is not.
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    fn of(letter: &str) -> Option<Self> {
        match letter {
            "a" => Some(Self::A),
            "b" => Some(Self::B),
            _ => None,
        }
    }
}

/// A valid copy of the boot environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Environment {
    /// Its number; the higher one is in force.
    pub sequence: u32,
    /// The slot that is tried first.
    pub first: SlotName,
    /// The slot that last did its job.
    pub good: SlotName,
}

/// What the loader has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The slot that it starts.
    pub slot: SlotName,
    /// The environment in force; none when both copies are lost.
    pub environment: Option<Environment>,
}

/// Reads the copy of the environment on an EFI system partition.
pub(super) fn environment(esp: &Fat<'_>) -> Option<Environment> {
    let block = esp.read("meghos/bootenv", 1 << 16).ok()??;
    let sum = esp.read("meghos/bootenv.sum", 1 << 10).ok()??;
    let right = format!("{}  bootenv\n", hex::encode(Sha256::digest(&block)));
    if sum != right.as_bytes() || variable(&block, "megh_schema")? != "1" {
        return None;
    }
    Some(Environment {
        sequence: sequence(&variable(&block, "megh_seq")?)?,
        first: match variable(&block, "megh_order")?.as_str() {
            "ab" => SlotName::A,
            "ba" => SlotName::B,
            _ => return None,
        },
        good: SlotName::of(&variable(&block, "megh_good")?)?,
    })
}

/// The number of a slot's good mark; 0 when it has none for its present root.
pub(super) fn mark(boot: &Fat<'_>) -> u32 {
    let found = || {
        let mark = boot.read("good.env", 1 << 16).ok()??;
        let slot = boot.read("slot.env", 1 << 16).ok()??;
        let root = variable(&mark, "megh_root")?;
        (root == variable(&slot, "megh_roothash")?)
            .then(|| sequence(&variable(&mark, "megh_mark")?))?
    };
    found().unwrap_or(0)
}

/// Decides as the loader does.
pub(super) fn choose(
    main: Option<Environment>,
    spare: Option<Environment>,
    marker: Option<&[u8]>,
    marks: [u32; 2],
) -> Choice {
    let environment = match (main, spare) {
        (Some(main), Some(spare)) if spare.sequence > main.sequence => Some(spare),
        (main, spare) => main.or(spare),
    };
    let slot = match environment {
        None if marks[1] > marks[0] => SlotName::B,
        None => SlotName::A,
        Some(environment) => of_environment(environment, marker.unwrap_or_default(), marks),
    };
    Choice { slot, environment }
}

fn of_environment(environment: Environment, marker: &[u8], marks: [u32; 2]) -> SlotName {
    let ours =
        variable(marker, "megh_for").and_then(|text| sequence(&text)) == Some(environment.sequence);
    let count = |name, most| {
        variable(marker, name)
            .filter(|text| ours && text.len() == 1)
            .and_then(|text| text.parse().ok())
            .filter(|count| *count <= most)
            .unwrap_or(0)
    };
    let Environment { first, good, .. } = environment;
    if first != good {
        return if count("megh_left", 3) > 0 {
            first
        } else {
            good
        };
    }
    let other_has_mark = marks[good.other() as usize] > 0;
    if count("megh_vain", 9) >= VAIN && other_has_mark {
        good.other()
    } else {
        good
    }
}

/// A variable of a block in GRUB's form.
fn variable(block: &[u8], name: &str) -> Option<String> {
    if block.len() != BLOCK {
        return None;
    }
    let text = std::str::from_utf8(block).ok()?.strip_prefix(HEADER)?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .map(str::to_owned)
}

/// The root hash that a slot's `slot.env` names.
pub(super) fn root_hash(boot: &Fat<'_>) -> Option<String> {
    variable(&boot.read("slot.env", 1 << 16).ok()??, "megh_roothash")
}

fn sequence(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    ((1..=999_999_999).contains(&number) && number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(lines: &str) -> Vec<u8> {
        let mut bytes = format!("{HEADER}{lines}").into_bytes();
        bytes.resize(BLOCK, b'#');
        bytes
    }

    const fn environment(sequence: u32, first: SlotName, good: SlotName) -> Environment {
        Environment {
            sequence,
            first,
            good,
        }
    }

    #[test]
    fn a_trial_needs_a_marker_of_its_own_environment_with_tries_left() {
        let trial = Some(environment(4, SlotName::B, SlotName::A));
        let slot = |lines: &str| choose(trial, None, Some(&block(lines)), [1, 0]).slot;
        assert_eq!(slot("megh_for=4\nmegh_left=1\n"), SlotName::B);
        assert_eq!(slot("megh_for=4\nmegh_left=0\n"), SlotName::A);
        assert_eq!(slot("megh_for=3\nmegh_left=3\n"), SlotName::A);
        assert_eq!(slot("megh_for=4\nmegh_left=9\n"), SlotName::A);
        assert_eq!(choose(trial, None, None, [0, 0]).slot, SlotName::A);
    }

    #[test]
    fn the_newer_copy_is_in_force_and_marks_decide_without_one() {
        let old = Some(environment(1, SlotName::A, SlotName::A));
        let new = Some(environment(2, SlotName::B, SlotName::B));
        for (main, spare) in [(old, new), (new, old), (new, None), (None, new)] {
            assert_eq!(choose(main, spare, None, [9, 0]).slot, SlotName::B);
        }
        assert_eq!(choose(None, None, None, [2, 3]).slot, SlotName::B);
        assert_eq!(choose(None, None, None, [3, 3]).slot, SlotName::A);
    }

    #[test]
    fn a_good_slot_without_life_gives_way_only_to_another_good_one() {
        let usual = Some(environment(7, SlotName::A, SlotName::A));
        let marker = block("megh_for=7\nmegh_left=3\nmegh_vain=5\n");
        let slot = |marks| choose(usual, usual, Some(&marker), marks).slot;
        assert_eq!(slot([7, 3]), SlotName::B);
        assert_eq!(slot([7, 0]), SlotName::A);
    }
}
