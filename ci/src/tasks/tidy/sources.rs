//! The source files of the checkout.

use std::fs;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// A source file, named relative to the checkout.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

/// Reads all files with one of these endings that git knows or would add.
pub(super) fn read(workspace: &Workspace, endings: &[&str]) -> Result<Vec<Source>> {
    let list = workspace
        .program("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
        ])
        .args(endings.iter().map(|ending| format!("*.{ending}")))
        .stdout()
        .context("listing source files")?;
    let mut sources = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        // A file that was removed and not yet committed is still listed.
        let Ok(text) = fs::read_to_string(workspace.root().join(path)) else {
            continue;
        };
        sources.push(Source {
            path: path.to_owned(),
            text,
        });
    }
    Ok(sources)
}
