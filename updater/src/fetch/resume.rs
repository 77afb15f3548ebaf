//! A note of how far a part without a chunk index has come, for after an
//! interruption. It only says where to go on; the part's SHA-256 decides.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::FetchError;

/// A note is refused when it is longer; bytes.
const MAX: u64 = 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    /// SHA-256 of the part, as the manifest names it.
    sha256: String,
    /// Bytes that have reached the medium.
    written: u64,
}

/// How many bytes of the part with this digest have been written; 0 when
/// nothing useful is noted.
pub(super) fn read(path: Option<&Path>, sha256: &str, size: u64) -> u64 {
    let Some(path) = path else { return 0 };
    let short = fs::metadata(path).is_ok_and(|meta| meta.len() <= MAX);
    let note = short.then(|| fs::read(path).ok()).flatten();
    note.and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok())
        .filter(|note| note.sha256 == sha256 && note.written <= size)
        .map_or(0, |note| note.written)
}

/// Notes that `written` bytes have reached the medium.
pub(super) fn write(path: Option<&Path>, sha256: &str, written: u64) -> Result<(), FetchError> {
    let Some(path) = path else { return Ok(()) };
    let note = Note {
        sha256: sha256.to_owned(),
        written,
    };
    let partial = path.with_extension("partial");
    serde_json::to_vec(&note)
        .map_err(io::Error::other)
        .and_then(|bytes| fs::write(&partial, bytes))
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|source| FetchError::Target {
            what: "note how far the download is",
            source,
        })
}

/// Removes the note.
pub(super) fn clear(path: Option<&Path>) -> Result<(), FetchError> {
    match path.map(fs::remove_file) {
        Some(Err(source)) if source.kind() != io::ErrorKind::NotFound => Err(FetchError::Target {
            what: "remove the note of the download",
            source,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_counts_for_its_part_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.json");
        let file = path.as_path();
        let path = Some(file);
        assert_eq!(read(path, "ab", 10), 0);
        write(path, "ab", 7).unwrap();
        assert_eq!(read(path, "ab", 10), 7);
        assert_eq!(read(path, "ab", 6), 0);
        assert_eq!(read(path, "cd", 10), 0);
        fs::write(file, "{\"sha256\":\"ab\"").unwrap();
        assert_eq!(read(path, "ab", 10), 0);
        clear(path).unwrap();
        clear(path).unwrap();
        assert_eq!((read(path, "ab", 10), read(None, "ab", 10)), (0, 0));
    }
}
