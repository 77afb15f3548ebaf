//! The inner loop: what has changed, checked within a minute.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use super::{rust, tidy};
use crate::report::Report;
use crate::workspace::Workspace;

/// Format, structure and lints of everything; unit tests of changed crates.
pub(crate) fn run(workspace: &Workspace, report: &mut Report) -> Result<()> {
    let crates = changed_crates(workspace)?;
    report.step("fmt", |_| rust::fmt(workspace));
    report.step("tidy", |_| tidy::run(workspace));
    report.step("clippy", |_| rust::clippy(workspace));
    if crates.is_empty() {
        println!("no crate has changed");
    } else {
        println!("changed: {}", crates.join(", "));
        report.step("unit", |step| rust::unit_of(workspace, &crates, step));
    }
    Ok(())
}

/// Names of crates with changes that are not committed; when there are none,
/// those of the last commit.
fn changed_crates(workspace: &Workspace) -> Result<Vec<String>> {
    let git = |arguments: &[&str]| workspace.program("git").args(arguments).stdout();
    let mut files = git(&["diff", "--name-only", "HEAD"])?;
    files.push('\n');
    files += &git(&["ls-files", "--others", "--exclude-standard"])?;
    if files.trim().is_empty() {
        files = git(&["diff", "--name-only", "HEAD~1", "HEAD"])?;
    }
    let mut names = BTreeSet::new();
    for member in workspace.members()? {
        if files
            .lines()
            .any(|file| Path::new(file).starts_with(&member))
        {
            names.insert(package_name(&workspace.root().join(&member))?);
        }
    }
    Ok(names.into_iter().collect())
}

/// The name of the package in a folder.
fn package_name(folder: &Path) -> Result<String> {
    let path = folder.join("Cargo.toml");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest: toml::Table =
        toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("{} names no package", path.display()))
}
