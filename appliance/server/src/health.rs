//! Whether the engines do their job, as last seen.

use std::collections::BTreeMap;
use std::sync::Mutex;

use megh_api_types::HealthStatus;

/// A part that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Runs virtual machines.
    Hypervisor,
    /// Holds images and volumes.
    Pool,
    /// Brings what is into line with what should be.
    Reconciler,
}

/// What was last seen of each part. A part not yet looked at does not work.
#[derive(Default)]
pub(crate) struct Checks(Mutex<BTreeMap<Part, bool>>);

impl Checks {
    /// Notes what was seen; changes go to the journal.
    pub(crate) fn note(&self, part: Part, seen: Result<(), &dyn std::fmt::Display>) {
        let mut parts = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let before = parts.insert(part, seen.is_ok());
        match seen {
            Ok(()) if before != Some(true) => tracing::info!(?part, "works"),
            Err(cause) if before != Some(false) => tracing::warn!(?part, %cause, "does not work"),
            _ => {}
        }
    }

    /// The verdict over all parts.
    pub(crate) fn verdict(&self) -> HealthStatus {
        let parts = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let works = |part| parts.get(&part) == Some(&true);
        match [Part::Hypervisor, Part::Pool, Part::Reconciler]
            .into_iter()
            .all(works)
        {
            true => HealthStatus::Healthy,
            false => HealthStatus::Degraded,
        }
    }
}
