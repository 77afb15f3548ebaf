//! Releases in a directory: a stick, the medium.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;

use super::source::{Sink, Source};
use super::{FetchError, path};

/// Unit of reading, bytes.
const PIECE: usize = 1 << 20;

/// A directory that holds releases. The directory is opened once: what is
/// mounted over its path later does not count.
#[derive(Debug)]
pub struct DirSource {
    path: PathBuf,
    dir: OwnedFd,
}

impl DirSource {
    /// Opens the directory.
    pub fn new(dir: &Path) -> Result<Self, FetchError> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_PATH | OFlag::O_CLOEXEC;
        let opened = open(dir, flags, Mode::empty());
        Ok(Self {
            path: dir.to_owned(),
            dir: opened.map_err(|errno| unreadable(&dir.display().to_string(), errno.into()))?,
        })
    }

    /// Opens a regular file below the directory. The kernel follows no symbolic
    /// link and leaves neither the directory nor its file system.
    fn open(&self, name: &str) -> Result<(File, u64), FetchError> {
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
            .resolve(
                ResolveFlag::RESOLVE_BENEATH
                    | ResolveFlag::RESOLVE_NO_SYMLINKS
                    | ResolveFlag::RESOLVE_NO_XDEV,
            );
        let file = openat2(&self.dir, path::check(name)?, how).map_err(|errno| match errno {
            Errno::ENOENT | Errno::ENOTDIR => FetchError::NotFound {
                path: name.to_owned(),
            },
            Errno::ELOOP | Errno::EXDEV => FetchError::Path(name.to_owned()),
            errno => unreadable(name, errno.into()),
        })?;
        let file = File::from(file);
        let meta = file.metadata().map_err(|error| unreadable(name, error))?;
        if !meta.is_file() {
            return Err(FetchError::Path(name.to_owned()));
        }
        Ok((file, meta.len()))
    }
}

impl Source for DirSource {
    fn read_small(&self, path: &str, max: u64) -> Result<Vec<u8>, FetchError> {
        let (file, _) = self.open(path)?;
        let mut bytes = Vec::new();
        file.take(max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, error))?;
        if bytes.len() as u64 > max {
            return Err(too_long(path, max));
        }
        Ok(bytes)
    }

    fn read_range(
        &self,
        path: &str,
        from: u64,
        len: u64,
        sink: &mut Sink<'_>,
    ) -> Result<(), FetchError> {
        let (file, size) = self.open(path)?;
        let end = from.checked_add(len).filter(|end| *end <= size);
        let end = end.ok_or_else(|| FetchError::TooShort {
            path: path.to_owned(),
            found: size,
            expected: from.saturating_add(len),
        })?;
        copy(&file, path, from, end, sink)
    }

    fn read_whole(&self, path: &str, size: u64, sink: &mut Sink<'_>) -> Result<(), FetchError> {
        let (file, found) = self.open(path)?;
        match found {
            found if found > size => Err(too_long(path, size)),
            found if found < size => Err(FetchError::TooShort {
                path: path.to_owned(),
                found,
                expected: size,
            }),
            _ => copy(&file, path, 0, size, sink),
        }
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

fn copy(
    file: &File,
    name: &str,
    from: u64,
    end: u64,
    sink: &mut Sink<'_>,
) -> Result<(), FetchError> {
    let mut buffer = vec![0; PIECE];
    let mut at = from;
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        let piece = &mut buffer[..wanted];
        file.read_exact_at(piece, at)
            .map_err(|error| unreadable(name, error))?;
        sink(piece).map_err(|source| FetchError::Target {
            what: "write what was read",
            source,
        })?;
        at += wanted as u64;
    }
    Ok(())
}

fn unreadable(what: &str, source: io::Error) -> FetchError {
    FetchError::Read {
        what: what.to_owned(),
        source,
    }
}

fn too_long(path: &str, limit: u64) -> FetchError {
    FetchError::TooLong {
        path: path.to_owned(),
        limit,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn source() -> (tempfile::TempDir, DirSource) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("site")).unwrap();
        fs::create_dir(dir.path().join("site/0.2.0")).unwrap();
        fs::write(dir.path().join("site/0.2.0/root.img"), b"0123456789").unwrap();
        fs::write(dir.path().join("secret"), b"secret").unwrap();
        let source = DirSource::new(&dir.path().join("site")).unwrap();
        (dir, source)
    }

    fn code<T: std::fmt::Debug>(result: Result<T, FetchError>) -> &'static str {
        result.unwrap_err().code()
    }

    fn range(source: &DirSource, path: &str, from: u64, len: u64) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        source.read_range(path, from, len, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    #[test]
    fn files_and_their_ranges_are_read() {
        let (_dir, source) = source();
        let path = "0.2.0/root.img";
        assert_eq!(source.read_small(path, 10).unwrap(), b"0123456789");
        assert_eq!(range(&source, path, 3, 4).unwrap(), b"3456");
        assert_eq!(range(&source, path, 10, 0).unwrap(), b"");
        let mut whole = Vec::new();
        source
            .read_whole(path, 10, &mut |piece| {
                whole.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
        assert_eq!(whole, b"0123456789");
    }

    #[test]
    fn sizes_are_hard_limits() {
        let (_dir, source) = source();
        let path = "0.2.0/root.img";
        assert_eq!(code(source.read_small(path, 9)), "too-long");
        assert_eq!(code(range(&source, path, 3, 8)), "too-short");
        assert_eq!(code(range(&source, path, u64::MAX, 2)), "too-short");
        assert_eq!(
            code(source.read_whole(path, 9, &mut |_| Ok(()))),
            "too-long"
        );
        assert_eq!(
            code(source.read_whole(path, 11, &mut |_| Ok(()))),
            "too-short"
        );
    }

    #[test]
    fn nothing_outside_is_reached() {
        let (dir, source) = source();
        let site = dir.path().join("site");
        symlink("../secret", site.join("link")).unwrap();
        symlink("0.2.0/root.img", site.join("inner")).unwrap();
        symlink("..", site.join("up")).unwrap();
        for bad in [
            "link",
            "inner",
            "up/secret",
            "0.2.0",
            "../secret",
            "/etc/passwd",
        ] {
            assert_eq!(code(source.read_small(bad, 100)), "bad-path", "{bad}");
        }
        for absent in ["absent", "0.2.0/absent", "0.2.0/root.img/more"] {
            assert_eq!(code(source.read_small(absent, 100)), "not-found");
        }
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let (dir, source) = source();
        nix::unistd::mkfifo(&dir.path().join("site/pipe"), Mode::S_IRUSR).unwrap();
        assert_eq!(code(source.read_small("pipe", 100)), "bad-path");
    }
}
