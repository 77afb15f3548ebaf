//! Small JSON files on the state partition.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use megh_host::Machine;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::UpdateError;

/// More than any of these files has.
const LIMIT: u64 = 1 << 20;

/// Reads a file. One that is damaged counts as absent: the updater goes on
/// without what it remembered rather than not at all.
pub(crate) fn load<T: DeserializeOwned>(machine: &dyn Machine, path: &Path) -> Option<T> {
    let bytes = read(machine, path).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a damaged file is passed over");
            None
        }
    }
}

/// Writes a file: the old content or the new one, never anything between.
pub(crate) fn save<T: Serialize>(
    machine: &dyn Machine,
    path: &Path,
    value: &T,
) -> Result<(), UpdateError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| UpdateError::file("write", path)(error.into()))?;
    bytes.push(b'\n');
    save_bytes(machine, path, &bytes)
}

/// The same for bytes.
pub(crate) fn save_bytes(
    machine: &dyn Machine,
    path: &Path,
    bytes: &[u8],
) -> Result<(), UpdateError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push("~");
    let draft = Path::new(&draft);
    machine
        .write_file(draft, &mut &*bytes)
        .and_then(|_| machine.put_in_place(draft, path))
        .map_err(UpdateError::file("write", path))
}

/// Removes a file that is no longer meant.
pub(crate) fn forget(machine: &dyn Machine, path: &Path) -> Result<(), UpdateError> {
    machine
        .remove_file(path)
        .map_err(UpdateError::file("remove", path))
}

/// A whole small file.
pub(crate) fn read(machine: &dyn Machine, path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    machine
        .open_file(path)?
        .take(LIMIT)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file for readers that is gone after a restart: replaced at once, not synced.
pub(crate) fn show<T: Serialize>(path: &Path, value: &T) -> Result<(), UpdateError> {
    use std::os::unix::fs::OpenOptionsExt;
    let fail = |error: io::Error| UpdateError::file("write", path)(error);
    let bytes = serde_json::to_vec(value).map_err(|error| fail(error.into()))?;
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(fail)?;
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push("~");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&draft).map_err(fail)?;
    io::Write::write_all(&mut file, &bytes).map_err(fail)?;
    fs::rename(&draft, path).map_err(fail)
}
