//! What the daemon does when another version of it ran before: it says what
//! became of its data, and wants those instances again that only the other
//! version could not run.

use std::io;
use std::path::Path;

use megh_api_types::DesiredState;
use megh_model::update::{DATA_NOTE_FILE, DataNote};
use megh_store::{Freshness, LostRows, Restored, SqlError, Store, WriteContext, WriteError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::files;
use crate::gate::RanBefore;
use crate::rows;

/// File in the updater's directory with [`Handover`].
const HANDOVER: &str = "handover.json";

/// What ran when a version started for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Handover {
    /// The version that started.
    version: String,
    /// The version before it.
    from: Option<String>,
    /// The instances that were to run.
    instances: Vec<Uuid>,
}

/// Says what putting back a copy of the state lost: in the journal, and in the
/// file that the updater shows. The store keeps its note until that is done.
pub async fn tell_data(store: &Store, update_dir: &Path, version: &str) {
    let told = async {
        let Some(restored) = store.restored().await.map_err(io::Error::other)? else {
            return Ok(());
        };
        let text = sentences(&restored, version);
        tracing::warn!(text, "the state of before is back");
        let note = DataNote {
            text,
            at: u64::try_from(restored.at_ms / 1000).unwrap_or(0),
        };
        let path = update_dir.join(DATA_NOTE_FILE);
        files::replace(&path, 0o600, &serde_json::to_vec(&note)?)?;
        store.acknowledge_restored().await.map_err(io::Error::other)
    };
    if let Err(error) = told.await {
        tracing::error!(%error, "cannot tell what became of the data");
    }
}

/// Wants instances again that ran before the other version started and that it
/// could not run. What cannot be noted costs nothing but this.
pub async fn take_over(store: &Store, update_dir: &Path, version: &str, now: i64) {
    if let Err(error) = try_take_over(store, update_dir, version, now).await {
        tracing::error!(%error, "cannot tell which instances ran under the other version");
    }
}

async fn try_take_over(
    store: &Store,
    update_dir: &Path,
    version: &str,
    now: i64,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let path = update_dir.join(HANDOVER);
    let last: Option<Handover> = std::fs::read(&path)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    if last.as_ref().is_some_and(|last| last.version == version) {
        return Ok(());
    }
    let back = last
        .as_ref()
        .filter(|last| last.from.as_deref() == Some(version));
    let next = match back {
        Some(last) => {
            revive(store, last.instances.clone(), now).await?;
            Handover {
                version: version.to_owned(),
                from: None,
                instances: Vec::new(),
            }
        }
        None => {
            let rows = store
                .read(Freshness::Local, |query| rows::instances::all(query))
                .await?;
            Handover {
                version: version.to_owned(),
                from: last.map(|last| last.version),
                instances: RanBefore::of(&rows, "").instances,
            }
        }
    };
    Ok(files::replace(&path, 0o600, &serde_json::to_vec(&next)?)?)
}

/// Only what failed: what a person stopped stays so.
async fn revive(store: &Store, instances: Vec<Uuid>, now: i64) -> Result<(), WriteError<SqlError>> {
    let context = WriteContext::new("system", now);
    let revived = store.write(context, move |tx| -> Result<Vec<String>, SqlError> {
        let mut names = Vec::new();
        for id in &instances {
            let Some(row) = rows::instances::get(tx, *id)? else {
                continue;
            };
            let failed = row.desired == DesiredState::Stopped && row.error.is_some();
            if failed && row.made && row.under_way.is_none() {
                rows::instances::set_desired(tx, *id, DesiredState::Running)?;
                rows::instances::set_error(tx, *id, None)?;
                names.push(row.name);
            }
        }
        Ok(names)
    });
    let names = revived.await?.value;
    if !names.is_empty() {
        tracing::info!(?names, "wanted again: the other version could not run them");
    }
    Ok(())
}

fn sentences(restored: &Restored, version: &str) -> String {
    let Restored {
        before,
        copied_at_ms,
        at_ms,
        entries,
        rows,
        ..
    } = restored;
    let minutes = (at_ms - copied_at_ms).max(0) / 60_000;
    let age = match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    };
    let row = |lost: &LostRows| format!("{} {}", lost.table, lost.rows);
    let changed = match rows.as_slice() {
        [] => "No row of it differs.".to_owned(),
        rows => {
            let list = rows.iter().map(row).collect::<Vec<_>>().join(", ");
            format!("Rows added or changed since: {list}.")
        }
    };
    format!(
        "Version {version} cannot read the data that {before} left. The copy that was made {age} earlier, \
         before {before} first started, was put back; the {entries} changes written since are lost. {changed} \
         What was replaced is kept as `replaced.db` beside the data."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_on_the_data_says_what_is_lost() {
        let restored = Restored {
            before: "1.1.0".to_owned(),
            copied_at_ms: 0,
            at_ms: 7 * 60_000,
            entries: 3,
            rows: vec![LostRows {
                table: "instances".to_owned(),
                rows: 2,
            }],
            epoch: 1,
        };
        let text = sentences(&restored, "1.0.0");
        for part in [
            "1.0.0",
            "1.1.0",
            "7 min earlier",
            "3 changes",
            "instances 2",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
