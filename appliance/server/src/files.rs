//! Small files that are replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Replaces a file, or makes it and its folder: a power cut leaves the old
/// content or the new one.
pub(crate) fn replace(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let new = path.with_extension("new");
    // One that an interrupted attempt left may have another mode.
    let _absent = fs::remove_file(&new);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whatever_an_earlier_attempt_left() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("made/file.json");
        for content in ["longer than the next", "short"] {
            replace(&path, 0o600, content.as_bytes()).expect("replaced");
            assert_eq!(fs::read_to_string(&path).expect("a file"), content);
            let mode = fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::write(path.with_extension("new"), "half, and readable by all").expect("written");
        }
    }
}
