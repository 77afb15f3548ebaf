//! The copies that there are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::actions::Action;
use super::note;
use crate::directory::Directory;
use crate::encoding::unseal;
use crate::error::StoreError;
use crate::machine::offline;

/// Folder of a copy that is being made.
pub(super) const UNFINISHED: &str = "unfinished";
/// File in the folder of a copy that says what it is.
const LABEL: &str = "label";

/// What a copy is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copy {
    /// The release before whose first start it was made.
    pub(super) before: String,
    /// The release that wrote it last; empty when that is not known.
    pub(super) of: String,
    /// When it was made, milliseconds since 1970.
    pub(super) at_ms: i64,
}

/// All copies, oldest first, numbered as they were made.
#[derive(Debug)]
pub(super) struct Catalog {
    folder: PathBuf,
    copies: Vec<(u32, PathBuf)>,
}

impl Catalog {
    /// Looks at the folder; there may be none.
    pub(super) fn read(folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let numbered = |entry: std::fs::DirEntry| {
            let name = entry.file_name();
            let number = name.to_str()?.split('-').next()?.parse().ok()?;
            Some((number, entry.path()))
        };
        let mut copies: Vec<_> = entries.filter_map(numbered).collect();
        copies.sort();
        Self {
            folder: folder.to_owned(),
            copies,
        }
    }

    /// The actions that add a copy.
    pub(super) fn add(&self, copy: &Copy, files: &Directory) -> Result<Vec<Action>, StoreError> {
        let unfinished = self.folder.join(UNFINISHED);
        let number = self.copies.last().map_or(1, |(number, _)| number + 1);
        let fine = |c: char| c.is_ascii_alphanumeric() || ".+~-".contains(c);
        let version: String = copy.before.chars().filter(|c| fine(*c)).collect();
        let name = self.folder.join(format!("{number}-before-{version}"));
        Ok(vec![
            Action::Make(unfinished.clone()),
            Action::Copy {
                from: files.state.clone(),
                to: unfinished.join("state.db"),
            },
            Action::Copy {
                from: files.log.clone(),
                to: unfinished.join("raft.db"),
            },
            Action::Write {
                path: unfinished.join(LABEL),
                bytes: note::seal(copy)?,
            },
            Action::Rename {
                from: unfinished,
                to: name,
            },
        ])
    }

    /// The actions that leave so many.
    pub(super) fn prune(&self, kept: usize) -> Vec<Action> {
        let surplus = self.copies.len().saturating_sub(kept);
        let old = self.copies[..surplus].iter();
        old.map(|(_, folder)| Action::Clear(folder.clone()))
            .collect()
    }

    /// The newest copy that a program with `known` migrations can read, and
    /// that was not made of a schema newer than it knows.
    pub(super) fn readable(&self, known: u32) -> Option<(PathBuf, Copy)> {
        self.copies.iter().rev().find_map(|(_, folder)| {
            let label = std::fs::read(folder.join(LABEL)).ok()?;
            let copy = unseal(&label).ok()?;
            let facts = offline::facts(&folder.join("state.db"))
                .inspect_err(|error| tracing::warn!(%error, "a copy is not usable"))
                .ok()?;
            (facts.readers_know <= known).then(|| (folder.clone(), copy))
        })
    }
}
