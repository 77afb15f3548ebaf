//! An update from beginning to end, with everything that the machine wrote.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_model::release::MANIFEST_FILE;
use serde::{Deserialize, Serialize};

use super::examine::Cut;
use crate::disk::Disk;
use crate::image_check::KnownRelease;
use crate::installation::{self, DISK_SERIAL};
use crate::updating::{self, Moment, Way, there_and_back};
use crate::write_log::{Base, Replay, WriteLog};
use crate::{Firmware, Lab};

/// The sites that are updated to.
const SITES: [&str; 2] = ["next", "after-next"];
/// The folder of the cache with all recordings.
const FOLDER: &str = "recordings";
/// The disk before the recording, in its folder.
const BASE: &str = "base.raw";

/// A recorded story: stage, apply, the loader's notes, commit, all of it again
/// into the other slot, rollback.
#[derive(Debug)]
pub struct Recording {
    base: PathBuf,
    log: WriteLog,
    known: Vec<KnownRelease>,
    marks: Marks,
}

/// How long the log was when something began, in bytes.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Marks {
    stage: u64,
    apply: u64,
    #[serde(default)]
    second: u64,
    rollback: u64,
}

impl Recording {
    /// Records an update of this image now.
    pub fn make(lab: &Lab, firmware: Firmware) -> Result<Self> {
        let _alone = lab.making(FOLDER)?;
        let folder = folder(lab, firmware)?;
        record_anew(lab, firmware, &folder)?;
        Self::open(lab, &folder)
    }

    /// The recording of this image's update, made now unless it was made before.
    pub fn of_update(lab: &Lab, firmware: Firmware) -> Result<Self> {
        let _alone = lab.making(FOLDER)?;
        let folder = folder(lab, firmware)?;
        if !folder.join("marks.json").is_file() {
            record_anew(lab, firmware, &folder)?;
        }
        Self::open(lab, &folder)
    }

    fn open(lab: &Lab, folder: &Path) -> Result<Self> {
        let marks = fs::read(folder.join("marks.json")).context("reading the marks")?;
        Ok(Self {
            base: folder.join(BASE),
            log: WriteLog::open(&folder.join("writes"))?,
            known: known(lab)?,
            marks: serde_json::from_slice(&marks).context("reading the marks")?,
        })
    }

    /// A recording that is all update.
    #[cfg(test)]
    pub(super) fn of(base: PathBuf, log: WriteLog, known: Vec<KnownRelease>) -> Self {
        Self {
            base,
            log,
            known,
            marks: Marks {
                stage: 0,
                apply: u64::MAX,
                second: u64::MAX,
                rollback: u64::MAX,
            },
        }
    }

    /// The releases that may be in a slot.
    pub fn known(&self) -> Vec<KnownRelease> {
        self.known.clone()
    }

    /// The index of the first entry of the staging.
    pub fn begin(&self) -> usize {
        self.log.index_at(self.marks.stage)
    }

    /// The index after the last entry.
    pub fn end(&self) -> usize {
        self.log.entries().len()
    }

    /// What the machine was doing at an entry.
    pub fn phase(&self, entry: usize) -> &'static str {
        let before = |mark| entry < self.log.index_at(mark);
        if before(self.marks.stage) {
            "before the update"
        } else if before(self.marks.apply) {
            "stage"
        } else if before(self.marks.second) {
            "apply, trial and commit"
        } else if before(self.marks.rollback) {
            "the second update"
        } else {
            "rollback"
        }
    }

    /// A walk through everything that was written.
    pub fn replay(&self) -> Result<Replay> {
        Ok(Replay::new(self.log.clone(), Base::open(&self.base)?))
    }

    /// The disk before the recording.
    pub fn base(&self) -> Result<Base> {
        Base::open(&self.base)
    }

    /// Makes the disk that a cut leaves behind.
    pub fn write_disk(&self, cut: Cut, target: &Path) -> Result<()> {
        let mut written = false;
        self.replay()?.walk(cut.epoch, |epoch| {
            if epoch.flush == cut.epoch || !written && epoch.flush > cut.epoch {
                let above = cut.amount.of(epoch);
                epoch.promised.with(&above).write_to(&self.base, target)?;
                written = true;
            }
            anyhow::Ok(())
        })?;
        written
            .then_some(())
            .with_context(|| format!("the recording has no {cut}"))
    }
}

/// Where a recording of this image is kept.
fn folder(lab: &Lab, firmware: Firmware) -> Result<PathBuf> {
    let digest = lab.release()?.short_digest()?;
    let kept = lab.cache().join(FOLDER);
    Ok(kept.join(format!("{digest}-{}", firmware.name())))
}

/// Records in place of what was recorded before.
fn record_anew(lab: &Lab, firmware: Firmware, folder: &Path) -> Result<()> {
    let digest = lab.release()?.short_digest()?;
    forget_other_builds(&lab.cache().join(FOLDER), &digest)?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    record(lab, firmware, folder)
}

fn record(lab: &Lab, firmware: Firmware, folder: &Path) -> Result<()> {
    // The installed disk is made if it is not there.
    installation::installed_disk(lab, firmware)?;
    let base = installation::base_path(lab, firmware)?;
    let disk = Disk::recorded(lab, &base, DISK_SERIAL)?;
    let log = disk.log().context("the disk is recorded")?.to_owned();
    let length = || {
        fs::metadata(&log)
            .map(|meta| meta.len())
            .with_context(|| format!("measuring {}", log.display()))
    };
    let mut marks = Marks::default();
    there_and_back(lab, firmware, &disk, Way::Api, &mut |moment| {
        let mark = match moment {
            Moment::Stage => &mut marks.stage,
            Moment::Apply => &mut marks.apply,
            Moment::Second => &mut marks.second,
            Moment::Back => &mut marks.rollback,
        };
        *mark = length()?;
        Ok(())
    })?;
    lab.say(&format!("recorded: {} MiB of writes", length()? >> 20));
    // The disk may be installed anew, with other identities, before the
    // recording is of no use any more.
    let kept = folder.join(BASE);
    let _ = fs::remove_file(&kept);
    fs::hard_link(&base, &kept).with_context(|| format!("keeping {}", base.display()))?;
    fs::rename(&log, folder.join("writes")).context("keeping the log")?;
    fs::write(folder.join("marks.json"), serde_json::to_vec(&marks)?).context("keeping the marks")
}

/// The installed release and those that are updated to.
fn known(lab: &Lab) -> Result<Vec<KnownRelease>> {
    let mut folders = vec![lab.release()?.out().join("release")];
    for site in SITES {
        folders.push(updating::site_folder(lab, site)?.join(updating::site_version(lab, site)?));
    }
    folders
        .into_iter()
        .map(|folder| {
            let path = folder.join(MANIFEST_FILE);
            let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            KnownRelease::of_manifest(&text)
        })
        .collect()
}

/// Recordings are large; those of other images are of no use.
fn forget_other_builds(kept: &Path, digest: &str) -> Result<()> {
    let Ok(entries) = fs::read_dir(kept) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(digest) {
            fs::remove_dir_all(entry.path())
                .with_context(|| format!("removing {}", entry.path().display()))?;
        }
    }
    Ok(())
}
