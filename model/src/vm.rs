//! Rules of virtual machines: how large they may be, and what may be done with
//! one in which status.

use crate::units::MIB;

/// Largest disk of an instance, and of the disk inside an image, in bytes.
pub const MAX_DISK: u64 = 16 << 40;
/// Most virtual processors of an instance.
pub const MAX_VCPUS: u32 = 64;
/// Least memory of an instance in bytes.
pub const MIN_MEMORY: u64 = 16 * MIB;
/// Most memory of an instance in bytes.
pub const MAX_MEMORY: u64 = 1 << 40;

/// Why a size is not possible. The text is for the user who asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Too few or too many virtual processors.
    #[error("an instance has 1 to {MAX_VCPUS} virtual processors, not {0}")]
    Vcpus(u32),
    /// Too little or too much memory.
    #[error(
        "an instance has {MIN_MEMORY} (16 MiB) to {MAX_MEMORY} (1 TiB) bytes of memory, not {0}"
    )]
    Memory(u64),
    /// Memory that is no whole number of mebibytes.
    #[error("memory is a multiple of 1048576 bytes (1 MiB), {0} is not")]
    MemoryStep(u64),
    /// A disk that is larger than any may be.
    #[error("a disk has at most {MAX_DISK} bytes (16 TiB), not {0}")]
    DiskTooLarge(u64),
    /// A disk that its image does not fit on.
    #[error("the image needs a disk of at least {image} bytes, {asked} are too few")]
    DiskSmallerThanImage {
        /// Size that was asked for.
        asked: u64,
        /// Size of the disk inside the image.
        image: u64,
    },
    /// A disk that is no whole number of sectors.
    #[error("a disk is a multiple of 512 bytes, {0} is not")]
    DiskStep(u64),
}

/// Checks a number of virtual processors.
pub fn check_vcpus(vcpus: u32) -> Result<(), SizeError> {
    match vcpus {
        1..=MAX_VCPUS => Ok(()),
        other => Err(SizeError::Vcpus(other)),
    }
}

/// Checks an amount of memory in bytes.
pub fn check_memory(memory: u64) -> Result<(), SizeError> {
    match memory {
        MIN_MEMORY..=MAX_MEMORY if memory.is_multiple_of(MIB) => Ok(()),
        MIN_MEMORY..=MAX_MEMORY => Err(SizeError::MemoryStep(memory)),
        other => Err(SizeError::Memory(other)),
    }
}

/// The size of an instance's disk: what was asked for if the image fits on it,
/// else the image's own size.
pub fn disk_size(asked: Option<u64>, image: u64) -> Result<u64, SizeError> {
    let asked = asked.unwrap_or(image);
    if asked < image {
        return Err(SizeError::DiskSmallerThanImage { asked, image });
    }
    if asked > MAX_DISK {
        return Err(SizeError::DiskTooLarge(asked));
    }
    if !asked.is_multiple_of(512) {
        return Err(SizeError::DiskStep(asked));
    }
    Ok(asked)
}

/// What an instance is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its disk and definition are being made.
    Creating,
    /// It is off.
    Stopped,
    /// It is being started.
    Starting,
    /// It runs.
    Running,
    /// It was asked to stop and still runs.
    Stopping,
    /// It is being removed.
    Deleting,
    /// The last operation failed.
    Failed,
}

/// What a user may ask of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Start it.
    Start,
    /// Ask the guest to stop.
    Stop,
    /// Cut its power.
    ForceStop,
    /// Remove it.
    Delete,
    /// Open its serial console.
    OpenConsole,
}

/// What an action comes to in a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be done.
    Do,
    /// It is done already, or under way: success without new work.
    Already,
    /// Not in this status.
    Refuse,
}

/// The table of what may be done when. A failed instance can be started,
/// stopped and deleted: each of these also repairs. Whatever is stuck can have
/// its power cut or be deleted, except while it is being made or removed.
pub const fn verdict(status: Status, action: Action) -> Verdict {
    use Action as A;
    use Status as S;
    use Verdict::{Already, Do, Refuse};
    match (status, action) {
        (S::Deleting, A::Delete) => Already,
        (S::Creating | S::Deleting, _) => Refuse,

        (S::Starting | S::Running, A::Start) => Already,
        (S::Stopped | S::Failed, A::Start) => Do,
        (S::Stopping, A::Start) => Refuse,

        (S::Stopped, A::Stop | A::ForceStop) | (S::Stopping, A::Stop) => Already,
        (S::Running | S::Failed, A::Stop) => Do,
        (S::Starting, A::Stop) => Refuse,
        (S::Starting | S::Running | S::Stopping | S::Failed, A::ForceStop) => Do,

        (S::Stopped | S::Starting | S::Running | S::Stopping | S::Failed, A::Delete) => Do,

        (S::Running | S::Stopping, A::OpenConsole) => Do,
        (S::Stopped | S::Starting | S::Failed, A::OpenConsole) => Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_at_and_beyond_their_limits() {
        for (vcpus, fits) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(check_vcpus(vcpus).is_ok(), fits, "{vcpus}");
        }
        assert_eq!(check_memory(16 * MIB), Ok(()));
        assert_eq!(check_memory(1 << 40), Ok(()));
        assert_eq!(
            check_memory(16 * MIB - 1),
            Err(SizeError::Memory(16 * MIB - 1))
        );
        assert_eq!(
            check_memory((1 << 40) + MIB),
            Err(SizeError::Memory((1 << 40) + MIB))
        );
        assert_eq!(
            check_memory(16 * MIB + 1),
            Err(SizeError::MemoryStep(16 * MIB + 1))
        );
    }

    #[test]
    fn a_disk_holds_its_image() {
        assert_eq!(disk_size(None, 512), Ok(512));
        assert_eq!(disk_size(Some(1024), 512), Ok(1024));
        let small = SizeError::DiskSmallerThanImage {
            asked: 512,
            image: 1024,
        };
        assert_eq!(disk_size(Some(512), 1024), Err(small));
        assert_eq!(disk_size(Some(1025), 1024), Err(SizeError::DiskStep(1025)));
        assert_eq!(
            disk_size(Some(MAX_DISK + 512), 1),
            Err(SizeError::DiskTooLarge(MAX_DISK + 512))
        );
    }

    const STATUSES: [Status; 7] = [
        Status::Creating,
        Status::Stopped,
        Status::Starting,
        Status::Running,
        Status::Stopping,
        Status::Deleting,
        Status::Failed,
    ];

    #[test]
    fn nothing_gets_stuck() {
        for status in STATUSES {
            let made_or_removed = matches!(status, Status::Creating | Status::Deleting);
            let deletable = verdict(status, Action::Delete) == Verdict::Do;
            assert_eq!(deletable, !made_or_removed, "{status:?}");
        }
    }

    #[test]
    fn the_console_is_open_only_while_a_guest_runs() {
        for status in STATUSES {
            let runs = matches!(status, Status::Running | Status::Stopping);
            assert_eq!(
                verdict(status, Action::OpenConsole) == Verdict::Do,
                runs,
                "{status:?}"
            );
        }
    }
}
