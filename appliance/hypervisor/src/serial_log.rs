//! The file that keeps what a guest printed, and how it continues in the
//! live console without a gap and without saying anything twice.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use uuid::Uuid;

use crate::{Console, Hypervisor, HypervisorError};

/// Opens a console whose first output is the last `limit` bytes of the guest's
/// serial log: what it printed before.
pub fn open_console_with_history(
    hypervisor: &dyn Hypervisor,
    id: Uuid,
    log: &Path,
    limit: u64,
) -> Result<Box<dyn Console>, HypervisorError> {
    let before = length(log);
    let live = hypervisor.open_console(id)?;
    // A log that cannot be read is as good as an empty one: the console is
    // wanted all the more.
    let (history, after) = tail(log, limit).unwrap_or_default();
    // Only what came into the log since before the opening can come again live.
    let doubtful = usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX);
    let replay = Mutex::new(Replay::new(history, doubtful));
    Ok(Box::new(WithHistory { live, replay }))
}

/// Removes a guest's serial log with the older parts that were rotated away.
pub fn remove_serial_log(log: &Path) -> io::Result<()> {
    let (Some(directory), Some(name)) = (log.parent(), log.file_name()) else {
        return Ok(());
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        if is_part(
            &entry.file_name().to_string_lossy(),
            &name.to_string_lossy(),
        ) {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file is the log itself or one of its rotated parts, `log.0`.
fn is_part(candidate: &str, log: &str) -> bool {
    match candidate.strip_prefix(log) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('.')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())),
        None => false,
    }
}

fn remove_if_there(path: &PathBuf) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn length(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |metadata| metadata.len())
}

/// The last `limit` bytes of the log, and how long it was when they were read.
fn tail(log: &Path, limit: u64) -> io::Result<(Vec<u8>, u64)> {
    let mut file = File::open(log)?;
    let start = file.metadata()?.len().saturating_sub(limit);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    let length = start + bytes.len() as u64;
    Ok((bytes, length))
}

struct WithHistory {
    live: Box<dyn Console>,
    replay: Mutex<Replay>,
}

impl Console for WithHistory {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let from_history = self
            .replay
            .lock()
            .expect("no holder of this lock panics")
            .take(buffer);
        if from_history > 0 {
            return Ok(from_history);
        }
        loop {
            let count = self.live.read(buffer)?;
            if count == 0 {
                return Ok(0);
            }
            let repeated = self
                .replay
                .lock()
                .expect("no holder of this lock panics")
                .repeated(&buffer[..count]);
            if repeated < count {
                buffer.copy_within(repeated..count, 0);
                return Ok(count - repeated);
            }
        }
    }

    fn write(&self, data: &[u8]) -> io::Result<()> {
        self.live.write(data)
    }

    fn close(&self) {
        self.live.close();
    }
}

/// History that is to be given out, and what of it the live console may repeat.
#[derive(Debug)]
struct Replay {
    history: Vec<u8>,
    given: usize,
    /// The end of the history that may come again; empty once that is settled.
    doubtful: Vec<u8>,
}

impl Replay {
    fn new(history: Vec<u8>, doubtful: usize) -> Self {
        let doubtful = history[history.len().saturating_sub(doubtful)..].to_vec();
        Self {
            history,
            given: 0,
            doubtful,
        }
    }

    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let rest = &self.history[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        if self.given == self.history.len() {
            self.history = Vec::new();
            self.given = 0;
        }
        count
    }

    /// How many bytes at the start of the first live output were in the
    /// history: the longest end of the history that the output begins with.
    fn repeated(&mut self, live: &[u8]) -> usize {
        let doubtful = std::mem::take(&mut self.doubtful);
        let starts = 0..doubtful.len();
        for start in starts {
            let end_of_history = &doubtful[start..];
            let common = end_of_history.len().min(live.len());
            if end_of_history[..common] == live[..common] {
                // Output that ends within the overlap: the rest may follow.
                self.doubtful = end_of_history[common..].to_vec();
                return common;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests;
