//! Copies of the store's files, made before another release writes to them,
//! and put back when an older release cannot read what a newer one left.
//!
//! Everything here happens while nobody has the store open, as a list of
//! actions of which each leaves a state that the next start goes on from:
//! copies appear under their name when they are whole, and a putting back that
//! was decided is carried through.

mod actions;
mod catalog;
mod note;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::error::{FatalError, StoreError};
use crate::machine::offline;
use crate::migrations::MigrationError;
use actions::{Action, perform};
use catalog::{Catalog, Copy};
pub(crate) use note::{acknowledge, restored};

/// Copies that are kept.
const KEPT: usize = 2;

/// The release that opens a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// The time now, milliseconds since 1970.
    pub now_ms: i64,
}

/// What putting back a copy lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The release before whose first start the copy was made.
    pub before: String,
    /// When the copy was made, milliseconds since 1970.
    pub copied_at_ms: i64,
    /// When it was put back, milliseconds since 1970.
    pub at_ms: i64,
    /// Entries of the log that were written since.
    pub entries: u64,
    /// Rows written since, by table.
    pub rows: Vec<LostRows>,
    /// The epoch that began.
    pub epoch: u64,
}

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRows {
    /// The table.
    pub table: String,
    /// How many were added or changed.
    pub rows: u64,
}

/// Names below the folder of a store.
#[derive(Debug, Clone)]
struct Places {
    directory: Directory,
    /// The version that opened the store last.
    version: PathBuf,
    /// The copies.
    copies: PathBuf,
    /// Files to be put back: being made, and decided.
    preparing: PathBuf,
    decided: PathBuf,
    /// The state that was replaced by a copy last.
    replaced: PathBuf,
    /// What that lost.
    note: PathBuf,
}

impl Places {
    fn new(directory: Directory) -> Self {
        let at = |name: &str| directory.root.join(name);
        Self {
            version: at("version"),
            copies: at("copies"),
            preparing: at("restore.new"),
            decided: at("restore"),
            replaced: at("replaced.db"),
            note: at("restored"),
            directory,
        }
    }
}

/// Carries through what was decided before, and copies the files if this
/// release opens them for the first time.
pub(crate) async fn begin(directory: &Path, release: &Release) -> Result<(), StoreError> {
    let release = release.clone();
    offline(directory, move |places| {
        perform(&finish(places))?;
        perform(&copy(places, &release)?)
    })
    .await
}

/// Puts back the newest copy that a program with `known` migrations can read.
pub(crate) async fn put_back(
    directory: &Path,
    known: u32,
    release: &Release,
    reason: MigrationError,
) -> Result<(), StoreError> {
    let release = release.clone();
    offline(directory, move |places| {
        perform(&decide(places, known, &release, &reason)?)?;
        perform(&finish(places))
    })
    .await
}

/// Does something in a folder that this process has to itself.
async fn offline(
    directory: &Path,
    work: impl FnOnce(&Places) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let directory = directory.to_owned();
    let done = tokio::task::spawn_blocking(move || {
        let directory = Directory::prepare(&directory)?;
        let _lock = directory.lock()?;
        work(&Places::new(directory))
    });
    done.await.unwrap_or_else(|panic| {
        let detail = panic.to_string();
        Err(FatalError::Core { detail }.into())
    })
}

/// The actions before a release opens the files.
fn copy(places: &Places, release: &Release) -> Result<Vec<Action>, StoreError> {
    let last = std::fs::read_to_string(&places.version).unwrap_or_default();
    if last == release.version {
        return Ok(Vec::new());
    }
    let mut actions = vec![Action::Clear(places.copies.join(catalog::UNFINISHED))];
    if places.directory.state.exists() && places.directory.log.exists() {
        let catalog = Catalog::read(&places.copies);
        let copy = Copy {
            before: release.version.clone(),
            of: last,
            at_ms: release.now_ms,
        };
        tracing::info!(before = copy.before, of = copy.of, "copying the state");
        actions.extend(catalog.add(&copy, &places.directory)?);
        // The new one is kept too.
        actions.extend(catalog.prune(KEPT - 1));
    }
    // Noted before anything is migrated: a start that fails in the middle of
    // it must not replace the copy by what it left.
    actions.extend(actions::replace(
        &places.version,
        release.version.as_bytes(),
    ));
    Ok(actions)
}

/// The actions that decide which copy is put back.
fn decide(
    places: &Places,
    known: u32,
    release: &Release,
    reason: &MigrationError,
) -> Result<Vec<Action>, StoreError> {
    let refuse = |obstacle: &str| StoreError::NoWayBack {
        reason: reason.clone(),
        obstacle: obstacle.to_owned(),
    };
    let state = &places.directory.state;
    perform(&[Action::Settle(state.clone())])?;
    let now = offline::facts(state)?;
    if now.voters > 1 {
        return Err(refuse("the site has more than one voter"));
    }
    let catalog = Catalog::read(&places.copies);
    let Some((folder, copy)) = catalog.readable(known) else {
        return Err(refuse("there is no copy that this release can read"));
    };
    let then = offline::facts(&folder.join("state.db"))?;
    let restored = Restored {
        before: copy.before.clone(),
        copied_at_ms: copy.at_ms,
        at_ms: release.now_ms,
        entries: now.applied.saturating_sub(then.applied),
        rows: offline::lost_rows(state, &folder.join("state.db"))?,
        epoch: now.epoch + 1,
    };
    tracing::warn!(?restored, "an earlier state is put back");
    prepare(places, &folder, &restored)
}

/// The actions that have a copy put back at the next start, whatever happens.
fn prepare(places: &Places, folder: &Path, restored: &Restored) -> Result<Vec<Action>, StoreError> {
    let new = &places.preparing;
    Ok(vec![
        Action::Clear(new.clone()),
        Action::Make(new.clone()),
        Action::Copy {
            from: folder.join("state.db"),
            to: new.join("state.db"),
        },
        Action::Copy {
            from: folder.join("raft.db"),
            to: new.join("raft.db"),
        },
        Action::Epoch {
            state: new.join("state.db"),
            epoch: restored.epoch,
        },
        Action::Copy {
            from: places.directory.state.clone(),
            to: new.join("replaced.db"),
        },
        Action::Write {
            path: new.join("restored"),
            bytes: note::seal(restored)?,
        },
        Action::Rename {
            from: new.clone(),
            to: places.decided.clone(),
        },
    ])
}

/// The actions that carry through a putting back that was decided.
fn finish(places: &Places) -> Vec<Action> {
    let decided = &places.decided;
    let mut actions = vec![Action::Clear(places.preparing.clone())];
    if !decided.exists() {
        return actions;
    }
    let root = &places.directory.root;
    // What belongs to the state that is replaced; a snapshot of it, newer than
    // the copy, would else be taken for the state.
    let stale = ["state.db-wal", "state.db-shm", "raft.db-wal", "raft.db-shm"]
        .into_iter()
        .chain(["snapshot.db", "snapshot-building.db"])
        .chain(["snapshot-receiving.db", "snapshot-received.db"]);
    // The files stay decided until all are in place: beginning anew is harmless.
    for (name, to) in [
        ("replaced.db", &places.replaced),
        ("state.db", &places.directory.state),
        ("raft.db", &places.directory.log),
        ("restored", &places.note),
    ] {
        let between = decided.join(format!("{name}.copy"));
        actions.extend([
            Action::Clear(between.clone()),
            Action::CopyFile {
                from: decided.join(name),
                to: between.clone(),
            },
            Action::Rename {
                from: between,
                to: to.clone(),
            },
        ]);
        if name == "replaced.db" {
            actions.extend(stale.clone().map(|name| Action::Clear(root.join(name))));
        }
    }
    actions.push(Action::Rename {
        from: decided.clone(),
        to: places.preparing.clone(),
    });
    actions.push(Action::Clear(places.preparing.clone()));
    actions
}
