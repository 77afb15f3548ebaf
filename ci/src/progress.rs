//! Which steps of an interrupted run need not be repeated.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::workspace::Workspace;

/// The steps that passed on one state of the checkout. Gone when a run ends,
/// so that only an interrupted run is continued.
#[derive(Debug)]
pub(crate) struct Progress {
    path: PathBuf,
    record: Record,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    tree: String,
    passed: BTreeMap<String, Passed>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Passed {
    tests: usize,
    milliseconds: u64,
}

impl Progress {
    /// What an interrupted run left for the checkout as it is now.
    pub(crate) fn open(workspace: &Workspace) -> Result<Self> {
        let path = workspace.cache().join("ci/progress.json");
        let tree = tree(workspace)?;
        let record = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
            .filter(|record| record.tree == tree)
            .unwrap_or_else(|| Record {
                tree,
                passed: BTreeMap::new(),
            });
        Ok(Self { path, record })
    }

    /// The tests and the time of a step that passed before.
    pub(crate) fn passed(&self, step: &str) -> Option<(usize, Duration)> {
        let passed = self.record.passed.get(step)?;
        Some((passed.tests, Duration::from_millis(passed.milliseconds)))
    }

    /// Notes that a step passed.
    pub(crate) fn note(&mut self, step: &str, tests: usize, took: Duration) -> Result<()> {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.record.passed.insert(
            step.to_owned(),
            Passed {
                tests,
                milliseconds,
            },
        );
        let folder = self.path.parent().context("the record is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        fs::write(&self.path, serde_json::to_vec(&self.record)?)
            .with_context(|| format!("writing {}", self.path.display()))
    }

    /// Ends the run: the next one starts from the beginning.
    pub(crate) fn close(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Names the content of all files that git knows or would add.
fn tree(workspace: &Workspace) -> Result<String> {
    let folder = workspace.cache().join("ci");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let index = folder.join("index");
    let git = |arguments: &[&str]| {
        workspace
            .program("git")
            .env("GIT_INDEX_FILE", &index)
            .args(arguments)
    };
    git(&["add", "--all"])
        .run()
        .context("looking at the checkout")?;
    git(&["write-tree"])
        .stdout()
        .context("looking at the checkout")
}
