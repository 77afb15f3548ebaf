//! What the initrd tells: the running system on success, people on failure.

use std::error::Error;
use std::fs;
use std::time::Duration;

use megh_model::boot::{BOOT_RECORD_PATH, BootRecord, BootSource};

use super::{Places, RootError};

/// How long a reason stays on the screen before the machine restarts.
const READING_TIME: Duration = Duration::from_secs(10);

/// Leaves the record for the running system; `/run` moves along with it.
pub(super) fn write(places: &Places, record: &BootRecord) -> Result<(), RootError> {
    let path = places.path(BOOT_RECORD_PATH);
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(RootError::file("make", dir))?;
    }
    let text = serde_json::to_vec_pretty(record)
        .map_err(|error| RootError::file("write", &path)(error.into()))?;
    fs::write(&path, text).map_err(RootError::file("write", path))
}

/// The source in words.
pub fn describe(record: &BootRecord) -> String {
    match &record.source {
        BootSource::Disk { slot, disk, .. } => format!("slot {slot} on disk {disk}"),
        BootSource::Medium { device } => format!("the medium in {device}"),
    }
}

/// Prints the reason on every console and gives people time to read it. The
/// service that runs this program restarts the machine when it has ended.
pub fn announce_failure(places: &Places, error: &RootError) {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason.push_str(&format!(": {error}"));
        cause = error.source();
    }
    // The kernel's log goes to all consoles; level 2 passes even `quiet`.
    let lines = format!("<2>MeghOS cannot start: {reason}\n");
    let told = fs::write(places.path("/dev/kmsg"), lines).and_then(|()| {
        fs::write(
            places.path("/dev/kmsg"),
            "<2>MeghOS restarts this machine\n",
        )
    });
    if told.is_err() {
        eprintln!("MeghOS cannot start: {reason}");
    }
    std::thread::sleep(READING_TIME);
}
