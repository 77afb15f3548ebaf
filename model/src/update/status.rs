//! What the updater tells of the machine's two systems.

use serde::{Deserialize, Serialize};

use super::{Progress, Settings};
use crate::slot::Slot;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotState {
    /// Nothing that could be started.
    Empty,
    /// A staging was begun and not finished.
    Incomplete,
    /// Whole and read back, never started.
    Staged,
    /// It has been started and has not yet proved itself.
    OnTrial,
    /// It did its job when it last ran.
    Good,
    /// It was tried and did not do its job.
    Failed,
}

/// One slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotStatus {
    /// Which.
    pub slot: Slot,
    /// What it holds.
    pub state: SlotState,
    /// The version it holds, when it holds one.
    pub version: Option<String>,
    /// Whether this system runs from it.
    pub running: bool,
    /// Whether the loader starts it next.
    pub next: bool,
}

/// A release that could be staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its version.
    pub version: String,
    /// Where it was found: an address, or the device of a stick.
    pub source: String,
    /// Bytes of all parts that this machine would write.
    pub size: u64,
    /// Bytes that would have to be fetched, when that was computed.
    pub download: Option<u64>,
    /// When it was released, seconds since 1970.
    pub released: Option<u64>,
    /// Whether it is found but refused unless an explicit word is given, with the reason.
    pub refused: Option<String>,
}

/// What the last check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// When, seconds since 1970.
    pub at: u64,
    /// Newer releases; none when the machine is up to date.
    pub offers: Vec<Offer>,
    /// Why it could not be found out, as a sentence; with its stable code.
    pub error: Option<String>,
    /// Stable code of the error: the verifier's, or `unreachable`, `no-source`.
    pub code: Option<String>,
}

/// The release that lies ready in the other slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staged {
    /// Its version.
    pub version: String,
    /// The slot.
    pub slot: Slot,
    /// When staging ended, seconds since 1970.
    pub at: u64,
    /// Bytes that were fetched for it.
    pub fetched: u64,
    /// Bytes of all its parts.
    pub size: u64,
}

/// A trial that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialState {
    /// The version on trial.
    pub version: String,
    /// Starts that were begun, this one included, 1 to 3.
    pub attempt: u32,
    /// The checks of the gate as last seen.
    pub checks: Vec<GateCheck>,
}

/// One check of the health gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateCheck {
    /// Stable name: `daemon`, `store`, `hypervisor`, `pool`, `instances`, `network`, `clock`.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was seen, a sentence.
    pub detail: String,
    /// Seconds that it may take since the start of the gate.
    pub deadline: u64,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialOutcome {
    /// The gate passed; the version was committed.
    Committed,
    /// It did not do its job and the machine went back by itself.
    Failed,
    /// A person went back.
    RolledBack,
}

/// The last trial's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTrial {
    /// The version that was tried.
    pub version: String,
    /// The version that was left.
    pub from_version: String,
    /// How it ended.
    pub outcome: TrialOutcome,
    /// Why, a sentence: which check failed, or how far the start came.
    pub reason: String,
    /// When the end was known, seconds since 1970.
    pub at: u64,
    /// The checks of the gate, when it was reached.
    pub checks: Vec<GateCheck>,
    /// Whether the journal of the failed boot was kept.
    pub journal: bool,
    /// What became of the control plane's data, when something did: restored
    /// from the copy made before, and what that lost.
    pub data: Option<String>,
}

/// Everything: the answer of `megh-update status --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReport {
    /// The version that runs.
    pub version: String,
    /// Both slots, A first.
    pub slots: Vec<SlotStatus>,
    /// What lies ready.
    pub staged: Option<Staged>,
    /// The trial under way.
    pub trial: Option<TrialState>,
    /// How the last one ended.
    pub last_trial: Option<LastTrial>,
    /// What the last check found.
    pub check: Option<CheckResult>,
    /// Work under way in another process of the updater.
    pub progress: Option<Progress>,
    /// The settings.
    pub settings: Settings,
    /// The least version that may be installed.
    pub floor: Option<String>,
    /// Things that are wrong and can be mended with `repair`, as sentences.
    pub problems: Vec<String>,
}

impl StatusReport {
    /// The slot to go back to: the one that does not run, when its version has
    /// done its job.
    pub fn way_back(&self) -> Option<&SlotStatus> {
        let good = |slot: &&SlotStatus| !slot.running && slot.state == SlotState::Good;
        self.slots.iter().find(good)
    }
}
