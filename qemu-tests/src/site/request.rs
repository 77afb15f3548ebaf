//! The little of HTTP/1.1 that a file server needs (RFC 9110 and 9112).

use std::io::{self, BufRead, Read};
use std::path::{Component, Path, PathBuf};

/// Longest head of a request, in bytes.
const MAX_HEAD: u64 = 16 * 1024;

/// A request for a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) is_head: bool,
    /// First byte, and the last one if it is named.
    range: Option<(u64, Option<u64>)>,
}

impl Request {
    /// Reads the next request of a connection; none at its end.
    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = reader.take(MAX_HEAD);
        let mut line = String::new();
        head.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (Some(method @ ("GET" | "HEAD")), Some(path)) = (words.next(), words.next()) else {
            return Ok(None);
        };
        let mut request = Self {
            path: path.trim_start_matches('/').to_owned(),
            is_head: method == "HEAD",
            range: None,
        };
        loop {
            let mut line = String::new();
            head.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("range") => {
                    request.range = parse_range(value.trim());
                }
                Some(_) => {}
                None => return Ok(Some(request)),
            }
        }
    }

    /// The file below `root` that is meant; none when the path leads out of it.
    pub(super) fn path_below(&self, root: &Path) -> Option<PathBuf> {
        let path = Path::new(&self.path);
        let inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        inside.then(|| root.join(path))
    }

    /// The wanted range of a file of `size` bytes: first byte, and the one
    /// after the last.
    pub(super) fn range(&self, size: u64) -> Option<(u64, u64)> {
        let (from, last) = self.range?;
        Some((from, last.map_or(size, |last| size.min(last + 1))))
    }

    /// The range as it was asked for; up to the end when no end is named.
    pub(super) fn wanted(&self) -> Option<(u64, u64)> {
        self.range(u64::MAX)
    }
}

/// `bytes=FROM-LAST` or `bytes=FROM-`; other forms count as no range, as the
/// specification allows.
fn parse_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (from, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let last = match last {
        "" => None,
        last => Some(last.parse().ok().filter(|last| *last < u64::MAX)?),
    };
    Some((from.parse().ok()?, last))
}
