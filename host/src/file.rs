//! Files that must survive a power cut: written in place, or whole under
//! another name and then exchanged.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, renameat2};

/// Writes over a file in place and waits until it has reached the medium. FAT
/// has no atomic rename, but a file that keeps its size keeps its clusters, and
/// nothing but its own data changes. A file that is absent is made.
pub(crate) fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = parent(path)?;
    fs::create_dir_all(dir)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.write_all(bytes)?;
    if file.metadata()?.len() != bytes.len() as u64 {
        file.set_len(bytes.len() as u64)?;
    }
    file.sync_all()?;
    File::open(dir)?.sync_all()
}

/// Gives the file `from` the name `to`, and waits until that has reached the
/// medium. An older file of that name changes places with it and is removed
/// afterwards: on FAT a rename over it could free its clusters before the name
/// points to the new ones.
pub(crate) fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    let dir = parent(to)?;
    let exchange = RenameFlags::RENAME_EXCHANGE;
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, exchange) {
        Ok(()) => {
            flush(dir)?;
            fs::remove_file(from)?;
        }
        Err(Errno::ENOENT) if !to.exists() => fs::rename(from, to)?,
        Err(Errno::EINVAL | Errno::ENOSYS) => fs::rename(from, to)?,
        Err(errno) => return Err(errno.into()),
    }
    flush(dir)
}

/// Removes a file if it is there, and waits until that has reached the medium.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => flush(parent(path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a device or file for reading and writing, a device for this process
/// alone. A file that is absent is made.
pub(crate) fn open_target(path: &Path) -> io::Result<File> {
    let device = fs::metadata(path).is_ok_and(|found| found.file_type().is_block_device());
    let exclusive = if device { OFlag::O_EXCL.bits() } else { 0 };
    if !device {
        fs::create_dir_all(parent(path)?)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(!device)
        .truncate(false)
        .custom_flags(exclusive)
        .open(path)
}

/// Everything of the file system that a directory lies on. In this order: on FAT
/// only `syncfs` writes the entries of renamed files, and only `fsync` lets the
/// disk empty its cache.
fn flush(dir: &Path) -> io::Result<()> {
    let dir = File::open(dir)?;
    nix::unistd::syncfs(&dir)?;
    dir.sync_all()
}

fn parent(path: &Path) -> io::Result<&Path> {
    let none = || io::Error::other(format!("{} has no directory", path.display()));
    path.parent().ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("megh-file-{name}-{}", std::process::id()));
        let _gone = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn a_new_file_takes_the_place_of_an_old_one_or_of_none() {
        let dir = dir("place");
        let (new, live) = (dir.join("new"), dir.join("live"));
        for content in ["one", "two"] {
            fs::write(&new, content).unwrap();
            put_in_place(&new, &live).unwrap();
            assert_eq!(fs::read_to_string(&live).unwrap(), content);
            assert!(!new.exists());
        }
        assert!(
            put_in_place(&new, &live).is_err(),
            "there is nothing to put"
        );
        assert_eq!(fs::read_to_string(&live).unwrap(), "two");
        remove(&live).unwrap();
        remove(&live).unwrap();
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn writing_over_keeps_the_file_and_fits_its_size() {
        let dir = dir("over");
        let path = dir.join("below/file");
        for content in [&b"12345"[..], b"abc", b"abcdefg"] {
            overwrite(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        fs::remove_dir_all(dir).unwrap();
    }
}
