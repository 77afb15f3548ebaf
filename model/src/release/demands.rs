//! What a machine asks of a release, told by who has a clock and a disk.

use sha2::{Digest, Sha256};

use super::{Channel, MAX_BOOT_PARTS, PartKind, Version, max_size};

/// What a release has to satisfy here and now.
#[derive(Debug, Clone)]
pub struct Demands {
    /// The time, seconds since 1970.
    pub now: u64,
    /// The channel that is followed; none when whatever a medium carries is meant.
    pub channel: Option<Channel>,
    /// The version that runs; none where there is none yet.
    pub running: Option<Version>,
    /// What the slot to be written takes.
    pub room: Room,
    /// A person's explicit word that an expired root document or index, or one
    /// older than what was seen before, is meant. The floor holds all the same.
    pub allow_expired: bool,
    /// The machine, where releases that are rolled out to some are chosen for
    /// it; none where a person chooses.
    pub machine: Option<Machine>,
}

impl Demands {
    /// What any machine asks at this time, seconds since 1970.
    pub const fn at(now: u64) -> Self {
        Self {
            now,
            channel: None,
            running: None,
            room: Room::ANY,
            allow_expired: false,
            machine: None,
        }
    }
}

/// Sizes of a slot's partitions in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The root partition.
    pub root: u64,
    /// What the boot partition's file system takes of UKI, kernel, initrd and
    /// slot environment together.
    pub boot: u64,
}

impl Room {
    /// The largest slot there is; for who does not know the disk yet.
    pub const ANY: Self = Self {
        root: max_size(PartKind::Root),
        boot: MAX_BOOT_PARTS,
    };
}

/// A machine, as far as rolling out needs to tell it from others. It is
/// derived from the machine's identifier, which never leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine([u8; 32]);

impl Machine {
    /// The machine with this identifier, the content of `/etc/machine-id`.
    pub fn new(machine_id: &str) -> Self {
        let digest = Sha256::new_with_prefix(b"meghos rollout\0").chain_update(machine_id.trim());
        Self(digest.finalize().into())
    }

    /// The machine's place among all in the rollout of a version, 0 to 99. It
    /// differs from version to version, so that not always the same machines
    /// are first, and stays for one, so that growing percentages only add.
    pub fn place(self, channel: Channel, version: Version) -> u8 {
        let digest: [u8; 32] = Sha256::new_with_prefix(self.0)
            .chain_update(format!("{channel} {version}"))
            .finalize()
            .into();
        let number = digest
            .iter()
            .take(8)
            .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        (number % 100) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_place_is_its_own_and_stays() {
        let version = "1.2.3".parse().unwrap();
        let machine = Machine::new("0123456789abcdef0123456789abcdef\n");
        let place = machine.place(Channel::Stable, version);
        // Changing this number would reshuffle rollouts that are under way.
        assert_eq!(place, 31);
        assert_eq!(
            Machine::new("0123456789abcdef0123456789abcdef").place(Channel::Stable, version),
            place
        );
    }

    #[test]
    fn places_are_spread_over_all_hundred() {
        let version = "1.2.3".parse().unwrap();
        let mut counts = [0u32; 100];
        for number in 0..10_000 {
            let place = Machine::new(&number.to_string()).place(Channel::Stable, version);
            counts[usize::from(place)] += 1;
        }
        assert!(
            counts.iter().all(|count| (50..200).contains(count)),
            "{counts:?}"
        );
    }
}
