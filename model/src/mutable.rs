//! What may change on an installed machine: a list of paths, each bound to the
//! state partition. Everything else comes from the slot, so that an update
//! really updates it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

/// Where the list lies in the root file system.
pub const MUTABLE_PATHS_FILE: &str = "/usr/lib/meghos/mutable-paths.toml";
/// Where the state partition is mounted.
pub const STATE_DIR: &str = "/var/lib/meghos";
/// Directory below [`STATE_DIR`] that holds the bound paths, each at its own path.
pub const MUTABLE_DIR: &str = "mutable";

/// Kernel and run-time file systems, and the state partition itself.
const NEVER_BOUND: [&str; 8] = [
    "/dev", "/proc", "/run", "/sys", "/tmp", "/boot", "/usr", STATE_DIR,
];

/// What kind of object is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MutableKind {
    /// A directory with all below it.
    Dir,
    /// A single file.
    File,
}

/// What a bound object holds when a machine starts for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nothing: an empty object of root's with these permissions.
    Empty {
        /// Permission bits.
        mode: u32,
    },
    /// What the slot has at that path, with owners and permissions.
    Slot,
    /// A file with a new identity of the machine, as systemd writes it.
    MachineId,
}

/// A path of the root file system that lives on the state partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutablePath {
    path: String,
    kind: MutableKind,
    start: Start,
}

impl MutablePath {
    /// The absolute path in the running system.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same place relative to a root directory.
    pub fn relative(&self) -> &str {
        &self.path[1..]
    }

    /// What kind of object it is.
    pub fn kind(&self) -> MutableKind {
        self.kind
    }

    /// What it holds at first.
    pub fn start(&self) -> Start {
        self.start
    }
}

/// Why the list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MutableError {
    /// Not the TOML of such a list.
    #[error("the list of mutable paths cannot be read: {0}")]
    Malformed(String),
    /// Not absolute, not normalized, or with unusual characters.
    #[error("mutable path `{0}` is not an absolute, normalized path")]
    Path(String),
    /// A place that must not be bound.
    #[error("mutable path `{0}` is in a place that never lies on the state partition")]
    Forbidden(String),
    /// Permission bits are not three or four octal digits.
    #[error("mutable path `{path}`: `{mode}` is not a mode of three or four octal digits")]
    Mode {
        /// The path.
        path: String,
        /// The text given.
        mode: String,
    },
    /// `start` and `mode` contradict each other.
    #[error("mutable path `{0}`: `mode` is needed with start = \"empty\" and only there")]
    StartMode(String),
    /// A directory cannot be an identity.
    #[error("mutable path `{0}`: start = \"machine-id\" makes a file")]
    StartKind(String),
    /// One path is, or lies below, another.
    #[error("mutable path `{inner}` lies in `{outer}`")]
    Overlap {
        /// The deeper path.
        inner: String,
        /// The one that contains it.
        outer: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    path: Vec<RawPath>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPath {
    path: String,
    kind: MutableKind,
    start: RawStart,
    mode: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawStart {
    Empty,
    Slot,
    MachineId,
}

/// Reads the list, sorted by path.
pub fn parse(text: &str) -> Result<Vec<MutablePath>, MutableError> {
    let raw: RawList =
        toml::from_str(text).map_err(|error| MutableError::Malformed(error.to_string()))?;
    let mut paths = raw
        .path
        .into_iter()
        .map(validate)
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort_by(|a, b| a.path.cmp(&b.path));
    refuse_overlap(&paths)?;
    Ok(paths)
}

fn validate(raw: RawPath) -> Result<MutablePath, MutableError> {
    let RawPath {
        path,
        kind,
        start,
        mode,
    } = raw;
    if !is_normalized(&path) {
        return Err(MutableError::Path(path));
    }
    if NEVER_BOUND
        .iter()
        .any(|place| contains(place, &path) || contains(&path, place))
    {
        return Err(MutableError::Forbidden(path));
    }
    let start = match (start, mode) {
        (RawStart::Slot, None) => Start::Slot,
        (RawStart::MachineId, None) if kind == MutableKind::Dir => {
            return Err(MutableError::StartKind(path));
        }
        (RawStart::MachineId, None) => Start::MachineId,
        (RawStart::Empty, Some(mode)) => match parse_mode(&mode) {
            Some(mode) => Start::Empty { mode },
            None => return Err(MutableError::Mode { path, mode }),
        },
        _ => return Err(MutableError::StartMode(path)),
    };
    Ok(MutablePath { path, kind, start })
}

fn is_normalized(path: &str) -> bool {
    let plain = |name: &str| {
        let allowed =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@' | b'+');
        !matches!(name, "" | "." | "..") && name.bytes().all(allowed)
    };
    path.strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(plain))
}

fn parse_mode(text: &str) -> Option<u32> {
    let octal = text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if octal && (3..=4).contains(&text.len()) {
        u32::from_str_radix(text, 8).ok()
    } else {
        None
    }
}

/// Whether `inner` is `outer` or lies below it.
fn contains(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn refuse_overlap(paths: &[MutablePath]) -> Result<(), MutableError> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for path in paths {
        let repeated = !seen.insert(&path.path);
        let parent = path
            .path
            .rmatch_indices('/')
            .map(|(at, _)| &path.path[..at])
            .find(|parent| seen.contains(parent));
        if let Some(outer) = parent.or(repeated.then_some(path.path.as_str())) {
            return Err(MutableError::Overlap {
                inner: path.path.clone(),
                outer: outer.to_owned(),
            });
        }
    }
    Ok(())
}

impl fmt::Display for MutablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests;
