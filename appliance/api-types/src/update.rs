//! Updates of the appliance's own system.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UnixMillis;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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

/// One of the two places on the disk that hold a complete system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemSlot {
    /// `a` or `b`.
    pub slot: String,
    /// What it holds.
    pub state: SlotState,
    /// The version it holds.
    pub version: Option<String>,
    /// Whether the appliance runs from it.
    pub running: bool,
    /// Whether the machine starts from it next.
    pub next: bool,
}

/// A newer release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateOffer {
    /// Its version.
    pub version: String,
    /// Where it was found: an address, or the device of a stick.
    pub source: String,
    /// Bytes of all parts that would be written.
    pub size: u64,
    /// Bytes that would have to be fetched, when that is known.
    pub download: Option<u64>,
    /// When it was released.
    pub released_at: Option<UnixMillis>,
    /// Why it is taken only with an explicit word (`allow_expired`).
    pub refused: Option<String>,
}

/// What the last look for newer releases found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateCheck {
    /// When it was.
    pub at: UnixMillis,
    /// Newer releases; none when the appliance is up to date.
    pub offers: Vec<UpdateOffer>,
    /// Why it could not be found out.
    pub error: Option<String>,
    /// Stable code of the error, in the updater's words: `unreachable`, `index-expired`.
    pub code: Option<String>,
}

/// A release that lies ready in the other slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StagedUpdate {
    /// Its version.
    pub version: String,
    /// The slot, `a` or `b`.
    pub slot: String,
    /// When it was ready.
    pub at: UnixMillis,
    /// Bytes that were fetched for it.
    pub fetched: u64,
    /// Bytes of all its parts.
    pub size: u64,
}

/// One check of the health gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GateCheck {
    /// Stable name: `daemon`, `store`, `hypervisor`, `pool`, `instances`, `network`, `clock`.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
    /// Seconds that it may take since the start of the gate.
    pub deadline: u64,
}

/// A version that was started and has not yet proved itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateTrial {
    /// The version.
    pub version: String,
    /// Starts that were begun, this one included, 1 to 3.
    pub attempt: u32,
    /// The checks as last seen.
    pub checks: Vec<GateCheck>,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrialOutcome {
    /// It did its job; the version stays.
    Committed,
    /// It did not do its job and the machine went back by itself.
    Failed,
    /// A person went back.
    RolledBack,
}

/// The last trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastTrial {
    /// The version that was tried.
    pub version: String,
    /// The version that was left.
    pub from_version: String,
    /// How it ended.
    pub outcome: TrialOutcome,
    /// Why: which check failed, or how far the start came.
    pub reason: String,
    /// When the end was known.
    pub at: UnixMillis,
    /// The checks, when the start came so far.
    pub checks: Vec<GateCheck>,
    /// Whether the journal of the failed start was kept.
    pub journal: bool,
    /// What became of the control plane's data, when something did.
    pub data: Option<String>,
}

/// What the updater is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdatePhase {
    /// Documents are fetched and verified.
    Checking,
    /// The other slot is made unusable for the loader, and its old content is looked at.
    Preparing,
    /// What the appliance does not have yet is fetched, and all is written.
    Writing,
    /// The slot is read back from the medium.
    Verifying,
    /// The boot environment and loaders are written.
    Activating,
}

/// How far the updater is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateProgress {
    /// What is being done.
    pub phase: UpdatePhase,
    /// Bytes done in this phase.
    pub done: u64,
    /// Bytes of this phase; 0 while unknown.
    pub total: u64,
    /// Bytes fetched from the source so far.
    pub fetched: u64,
    /// Bytes per second over the last seconds.
    pub rate: u64,
    /// Seconds until the phase ends, when it can be told.
    pub eta: Option<u64>,
}

/// How far the appliance goes by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdatePolicy {
    /// Looks, downloads, and applies inside the maintenance window.
    Automatic,
    /// Looks and downloads; a person applies.
    DownloadOnly,
    /// Does nothing unasked.
    #[default]
    Manual,
}

/// A daily span in UTC. It may run over midnight; equal ends are the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWindow {
    /// First minute of the day, 0 to 1439.
    pub from_minute: u16,
    /// The minute after the last one, 0 to 1439.
    pub to_minute: u16,
}

/// What an administrator decides about updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSettings {
    /// Where releases come from, `https://…` or `http://…`; none: only sticks.
    pub source: Option<String>,
    /// The channel, `stable` or `candidate`; none is stable.
    pub channel: Option<String>,
    /// How far the appliance goes by itself.
    pub policy: UpdatePolicy,
    /// When it may restart by itself; none is at any time.
    pub window: Option<UpdateWindow>,
    /// Most bytes per second of a download, at least 16384; none is no limit.
    pub bandwidth: Option<u64>,
}

/// What the updater can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateTaskKind {
    /// Look for newer releases.
    Check,
    /// Put a release into the other slot.
    Stage,
    /// Restart into the release that lies ready.
    Apply,
    /// Restart into the version that ran before.
    Rollback,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateTaskStatus {
    /// At work.
    Running,
    /// Done.
    Succeeded,
    /// It was refused or failed; see `error`.
    Failed,
}

/// What the updater was last asked for through the API since the control
/// plane started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateTask {
    /// What was asked for.
    pub kind: UpdateTaskKind,
    /// How far it is.
    pub status: UpdateTaskStatus,
    /// When it began.
    pub started_at: UnixMillis,
    /// When it ended.
    pub finished_at: Option<UnixMillis>,
    /// Stable code of the failure, in the updater's words: `signature-wrong`, `no-source`.
    pub code: Option<String>,
    /// What failed.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything about the appliance's own system and its updates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemUpdate {
    /// The version that runs.
    pub version: String,
    /// Both slots, `a` first.
    pub slots: Vec<SystemSlot>,
    /// What lies ready.
    pub staged: Option<StagedUpdate>,
    /// The trial under way.
    pub trial: Option<UpdateTrial>,
    /// How the last one ended.
    pub last_trial: Option<LastTrial>,
    /// What the last look for newer releases found.
    pub check: Option<UpdateCheck>,
    /// Work under way.
    pub progress: Option<UpdateProgress>,
    /// What was last asked for through the API.
    pub task: Option<UpdateTask>,
    /// The settings.
    pub settings: UpdateSettings,
    /// The least version that may be installed.
    pub floor: Option<String>,
    /// Things that are wrong and can be mended with `megh-update repair`.
    pub problems: Vec<String>,
}

/// Puts a release into the other slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StageRequest {
    /// The version; the newest one when absent.
    #[schema(example = "1.4.0")]
    pub version: Option<String>,
    /// An address, or the device of a stick as a check found it; the
    /// configured source when absent.
    pub source: Option<String>,
    /// Take a release from a stick although its documents have expired.
    pub allow_expired: bool,
}

/// The journal of the start that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialJournal {
    /// The version that was tried.
    pub version: String,
    /// The journal, its end when it is long.
    pub text: String,
    /// Whether its beginning was left out.
    pub truncated: bool,
}
