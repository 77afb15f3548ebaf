//! Settings of a store.

use std::time::Duration;

/// Settings of a store; the default suits an appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// A snapshot is built after this many log entries.
    pub snapshot_every: u64,
    /// Entries kept in the log behind a snapshot, so that a member that was
    /// away for a short time needs no snapshot.
    pub keep_entries: u64,
    /// Read connections, and so the number of concurrent reads.
    pub readers: usize,
    /// How long a write or a linearizable read waits for a leader.
    pub patience: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            snapshot_every: 10_000,
            keep_entries: 2_000,
            readers: 4,
            patience: Duration::from_secs(30),
        }
    }
}
