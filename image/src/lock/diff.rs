//! What one lock has that another has not.

use std::collections::BTreeMap;
use std::fmt;

use super::{Lock, Package};
use megh_model::recipe::TOOLS_GROUP;

/// A difference between two locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A package that was not there.
    Added(Package),
    /// A package that is no longer there.
    Removed(Package),
    /// Another version, or another file of the same version.
    Changed {
        /// What it was.
        from: Package,
        /// What it is.
        to: Package,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(new) => write!(f, "+ {new} ({})", new.group),
            Self::Removed(old) => write!(f, "- {old} ({})", old.group),
            Self::Changed { from, to } if from.version == to.version => {
                write!(f, "! {to} ({}): same version, other content", to.group)
            }
            Self::Changed { from, to } => {
                write!(
                    f,
                    "~ {} {} → {} ({})",
                    to.name, from.version, to.version, to.group
                )
            }
        }
    }
}

/// What `new` changes, by name. A package that only moved from one group of
/// the image to another is no change.
pub fn compare(old: &Lock, new: &Lock) -> Vec<Change> {
    let (old, new) = (by_name(old), by_name(new));
    let mut changes = Vec::new();
    for (key, package) in &old {
        match new.get(key) {
            None => changes.push((key, Change::Removed((*package).clone()))),
            Some(now) if now.sha256 != package.sha256 => {
                let (from, to) = ((*package).clone(), (*now).clone());
                changes.push((key, Change::Changed { from, to }));
            }
            Some(_) => {}
        }
    }
    for (key, package) in &new {
        if !old.contains_key(key) {
            changes.push((key, Change::Added((*package).clone())));
        }
    }
    changes.sort_by_key(|(key, _)| *key);
    changes.into_iter().map(|(_, change)| change).collect()
}

/// Image and tools may have different versions of one package.
fn by_name(lock: &Lock) -> BTreeMap<(bool, &str, &str), &Package> {
    lock.packages
        .iter()
        .map(|package| {
            let key = (
                package.group == TOOLS_GROUP,
                package.name.as_str(),
                package.arch.as_str(),
            );
            (key, package)
        })
        .collect()
}
