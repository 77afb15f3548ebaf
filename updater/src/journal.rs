//! Keeping the journal of a boot that failed.

use megh_host::Machine;
use megh_host::command::Cmd;
use megh_model::update::TRIAL_JOURNAL_FILE;
use serde::Deserialize;
use std::time::Duration;

use crate::trial::Pending;
use crate::{Places, kept};

/// Most lines that are kept, the last ones.
const LINES: &str = "--lines=4000";
const PATIENCE: Duration = Duration::from_secs(60);

/// A boot that the journal knows, as `journalctl --list-boots` tells it.
#[derive(Debug, Deserialize)]
struct Boot {
    boot_id: String,
    /// Microseconds since 1970.
    first_entry: u64,
}

/// The identity of this boot.
pub(crate) fn boot_id(machine: &dyn Machine, places: &Places) -> String {
    let path = places.path("/proc/sys/kernel/random/boot_id");
    let bytes = kept::read(machine, &path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().replace('-', "")
}

/// Keeps the journal of a boot; false when there is none.
pub(crate) fn keep(machine: &dyn Machine, places: &Places, boot_id: &str) -> bool {
    let cmd = Cmd::new("journalctl")
        .args(["--no-pager", "--quiet", "--output=short-iso", LINES])
        .arg(format!("--boot={boot_id}"))
        .timeout(PATIENCE);
    let Ok(output) = machine.run(&cmd) else {
        return false;
    };
    let path = places.kept(TRIAL_JOURNAL_FILE);
    !output.stdout.is_empty() && kept::save_bytes(machine, &path, &output.stdout).is_ok()
}

/// The last boot of a trial that has left a journal: after the boot that
/// ordered it, and before this one.
pub(crate) fn boot_of(machine: &dyn Machine, places: &Places, pending: &Pending) -> Option<String> {
    let cmd = Cmd::new("journalctl")
        .args(["--no-pager", "--quiet", "--list-boots", "--output=json"])
        .timeout(PATIENCE);
    let mut boots: Vec<Boot> = machine.json(&cmd).ok()?;
    let now = boot_id(machine, places);
    boots.sort_by_key(|boot| boot.first_entry);
    let ordered = boots
        .iter()
        .position(|boot| boot.boot_id == pending.boot_id)?;
    let after = boots.split_off(ordered + 1);
    let tried = after.into_iter().take_while(|boot| boot.boot_id != now);
    tried.last().map(|boot| boot.boot_id)
}
