//! A note of how far a part without a chunk index has come, for after an
//! interruption. It only says where to go on; the part's SHA-256 decides.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

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

/// Notes that `written` bytes have reached the medium. A note that cannot be
/// written costs bytes after an interruption, and nothing else.
pub(super) fn write(path: Option<&Path>, sha256: &str, written: u64) {
    let Some(path) = path else { return };
    let note = Note {
        sha256: sha256.to_owned(),
        written,
    };
    let partial = path.with_extension("partial");
    let noted = serde_json::to_vec(&note)
        .map_err(io::Error::other)
        .and_then(|bytes| fs::write(&partial, bytes))
        .and_then(|()| fs::rename(&partial, path));
    if let Err(error) = noted {
        tracing::warn!(path = %path.display(), %error, "how far a download is cannot be noted");
    }
}

/// Removes the note. One that stays is found out by the part's SHA-256.
pub(super) fn clear(path: Option<&Path>) {
    if let Some(path) = path
        && let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "the note of a download stays");
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
        write(path, "ab", 7);
        assert_eq!(read(path, "ab", 10), 7);
        assert_eq!(read(path, "ab", 6), 0);
        assert_eq!(read(path, "cd", 10), 0);
        fs::write(file, "{\"sha256\":\"ab\"").unwrap();
        assert_eq!(read(path, "ab", 10), 0);
        clear(path);
        clear(path);
        assert_eq!((read(path, "ab", 10), read(None, "ab", 10)), (0, 0));
    }
}
