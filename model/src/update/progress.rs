//! What a long command of the updater says while it works: one JSON object a line.

use serde::{Deserialize, Serialize};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Documents are fetched and verified.
    Checking,
    /// The other slot is made unusable for the loader, and its old content is looked at.
    Preparing,
    /// What the machine does not have yet is fetched, and all is written.
    Writing,
    /// The slot is read back from the medium.
    Verifying,
    /// The boot environment and loaders are written.
    Activating,
}

/// A line of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Bytes done in this phase.
    pub done: u64,
    /// Bytes of this phase; 0 while unknown.
    pub total: u64,
    /// Bytes fetched from the source since the command began.
    pub fetched: u64,
    /// Bytes per second of the phase, over the last seconds.
    pub rate: u64,
    /// Seconds until the phase ends, when it can be told.
    pub eta: Option<u64>,
}
