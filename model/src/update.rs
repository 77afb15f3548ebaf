//! Updates: what is asked for, what is told, and the rules between.
//!
//! What is kept on the disk is read by both slots' versions: a later one adds
//! fields, and an earlier one passes over those that it does not know.

mod data;
mod gate;
pub mod loader;
pub mod machine;
mod order;
mod progress;
mod record;
mod settings;
mod status;
#[cfg(test)]
mod tests;

pub use data::DataNote;
pub use gate::{GATE_SOCKET, GatePart, GateReport, GateState};
pub use order::TrialStart;
pub use progress::{Phase, Progress};
pub use record::{
    BOOT_FILES, ESP_FILES, KEPT_LOADERS, LOADER_DIR, SLOT_FILE, SLOT_FILE_SIZE, SlotRecord,
};
pub use settings::{Policy, Settings, SettingsError, Window};
pub use status::{
    CheckResult, GateCheck, LastTrial, Offer, SlotState, SlotStatus, Staged, StatusReport,
    TrialOutcome, TrialState,
};

/// Directory of the updater below the state partition's mount point
/// ([`crate::mutable::STATE_DIR`]): settings, downloads, the last trial.
pub const UPDATE_DIR: &str = "update";
/// File with [`Settings`] below [`UPDATE_DIR`].
pub const SETTINGS_FILE: &str = "settings.json";
/// File with [`LastTrial`] below [`UPDATE_DIR`].
pub const LAST_TRIAL_FILE: &str = "last-trial.json";
/// File with the journal of the failed boot below [`UPDATE_DIR`], plain text.
pub const TRIAL_JOURNAL_FILE: &str = "last-trial.journal";
/// Where a copy of [`StatusReport`] lies while the machine runs, for readers
/// that show it: the console. Readable by root only.
pub const STATUS_PATH: &str = "/run/meghos/update.json";
/// File below [`UPDATE_DIR`] in which the control plane says what became of its
/// data when it went back to an older version: [`DataNote`].
pub const DATA_NOTE_FILE: &str = "data-note.json";
