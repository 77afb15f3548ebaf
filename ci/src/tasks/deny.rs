//! Licences, bans, sources and advisories of dependencies, with cargo-deny.

use anyhow::{Result, bail};

use super::tools::cargo_tool;
use crate::report::Step;
use crate::workspace::Workspace;

/// Runs cargo-deny, which is built into the cache when it is missing.
pub(crate) fn run(workspace: &Workspace, step: &mut Step) -> Result<()> {
    let deny = cargo_tool(workspace, "cargo-deny")?;
    deny.clone()
        .args(["check", "bans", "licenses", "sources"])
        .interactive()
        .run()?;
    let advisories = deny.args(["check", "advisories"]).output()?;
    if advisories.exit.is_success() {
        return Ok(());
    }
    if advisories
        .stderr
        .contains("failed to fetch advisory database")
    {
        step.warn("advisories were NOT checked: their database cannot be reached from here");
        return Ok(());
    }
    bail!("advisories: {}", advisories.stderr)
}
