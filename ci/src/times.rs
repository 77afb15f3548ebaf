//! How long whole tasks took, for docs/numbers.md.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Notes the time of a task that ran from start to end and passed.
pub(crate) fn note(workspace: &Workspace, task: &str, took: Duration) -> Result<()> {
    let folder = workspace.cache().join("ci");
    let path = folder.join("times.json");
    let mut times: BTreeMap<String, f64> = fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    times.insert(task.to_owned(), took.as_secs_f64());
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    fs::write(&path, serde_json::to_vec(&times)?)
        .with_context(|| format!("writing {}", path.display()))
}
