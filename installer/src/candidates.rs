//! Which disks will do, and why the others will not.

use megh_host::block::Disk;
use megh_model::answers::{NoTarget, Target};
use megh_model::boot::Firmware;
use megh_model::layout::{Layout, LayoutError, SectorSize};

/// A disk with the verdict on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The disk.
    pub disk: Disk,
    /// How it would be divided, or why it is refused.
    pub verdict: Result<Layout, Refusal>,
}

/// Why a disk is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The installer runs from it.
    #[error("this system was started from it")]
    BootMedium,
    /// It cannot be written.
    #[error("it is read-only")]
    ReadOnly,
    /// Somebody uses it.
    #[error("in use: {0}")]
    InUse(String),
    /// What is on it lies on other disks too.
    #[error("its volume group {group} also lies on {elsewhere}")]
    SharedGroup {
        /// The group.
        group: String,
        /// The other devices.
        elsewhere: String,
    },
    /// It cannot hold the system.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Why unattended installation found no disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// None or too many match.
    #[error("{reason}; the disks are: {listing}")]
    NoTarget {
        /// Which of the two.
        reason: NoTarget,
        /// Every disk with its reason.
        listing: String,
    },
    /// The disk that is meant cannot be used.
    #[error("{disk} matches [target] of the answers and is refused: {reason}")]
    Refused {
        /// The disk.
        disk: String,
        /// Why.
        reason: Refusal,
    },
}

/// Judges every disk.
pub fn judge(disks: Vec<Disk>, firmware: Firmware) -> Vec<Candidate> {
    let candidate = |disk: Disk| Candidate {
        verdict: verdict(&disk, firmware),
        disk,
    };
    disks.into_iter().map(candidate).collect()
}

fn verdict(disk: &Disk, firmware: Firmware) -> Result<Layout, Refusal> {
    if disk.boot_medium {
        return Err(Refusal::BootMedium);
    }
    if disk.read_only {
        return Err(Refusal::ReadOnly);
    }
    if !disk.uses.is_empty() {
        return Err(Refusal::InUse(disk.uses.join("; ")));
    }
    if let Some(group) = disk
        .volume_groups
        .iter()
        .find(|group| !group.elsewhere.is_empty())
    {
        let elsewhere = group.elsewhere.join(", ");
        return Err(Refusal::SharedGroup {
            group: group.name.clone(),
            elsewhere,
        });
    }
    let sector = SectorSize::try_from(disk.logical_sector)?;
    Ok(Layout::plan(disk.size, sector, firmware)?)
}

/// The disk that the answers mean. One that matches but is refused is named
/// rather than passed over.
pub fn find<'c>(candidates: &'c [Candidate], target: &Target) -> Result<&'c Candidate, MatchError> {
    let matching: Vec<&Candidate> = candidates
        .iter()
        .filter(|c| target.mismatch(&c.disk.facts()).is_none())
        .collect();
    let usable: Vec<&str> = matching
        .iter()
        .filter(|c| c.verdict.is_ok())
        .map(|c| c.disk.name.as_str())
        .collect();
    if let ([], [first, ..]) = (usable.as_slice(), matching.as_slice())
        && let Err(reason) = &first.verdict
    {
        return Err(MatchError::Refused {
            disk: first.disk.name.clone(),
            reason: reason.clone(),
        });
    }
    let listing = || listing(candidates, target);
    let name = target
        .choose(&usable)
        .map_err(|reason| MatchError::NoTarget {
            reason,
            listing: listing(),
        })?;
    let chosen = matching.into_iter().find(|c| c.disk.name == name);
    chosen.ok_or_else(|| MatchError::NoTarget {
        reason: NoTarget::NoMatch,
        listing: listing(),
    })
}

/// Every disk with why it is not, or that it is, the one.
fn listing(candidates: &[Candidate], target: &Target) -> String {
    let row = |candidate: &Candidate| {
        let name = &candidate.disk.name;
        match (target.mismatch(&candidate.disk.facts()), &candidate.verdict) {
            (Some(mismatch), _) => format!("{name} ({mismatch})"),
            (None, Err(refusal)) => format!("{name} ({refusal})"),
            (None, Ok(_)) => format!("{name} (matches)"),
        }
    };
    match candidates {
        [] => "none at all".to_owned(),
        some => some.iter().map(row).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests;
