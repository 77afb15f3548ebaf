//! The files that keep what a guest printed.

use std::fs;
use std::io;
use std::path::Path;

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

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
