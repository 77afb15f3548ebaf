//! Licences, bans, sources and advisories of dependencies, with cargo-deny.

use anyhow::{Context, Result, bail};
use megh_host::command::Cmd;

use crate::report::Step;
use crate::workspace::Workspace;

/// Runs cargo-deny, which is built into the cache when it is missing.
pub(crate) fn run(workspace: &Workspace, step: &mut Step) -> Result<()> {
    let deny = tool(workspace)?;
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

fn tool(workspace: &Workspace) -> Result<Cmd> {
    if workspace
        .program("cargo-deny")
        .arg("--version")
        .succeeds()
        .unwrap_or(false)
    {
        return Ok(workspace.program("cargo-deny"));
    }
    let binary = workspace.cache().join("bin/cargo-deny");
    if !binary.is_file() {
        println!("building cargo-deny once; this takes some minutes");
        workspace
            .cargo("install")
            .args(["cargo-deny", "--locked", "--root"])
            .arg(workspace.cache())
            .interactive()
            .run()
            .context("building cargo-deny")?;
    }
    Ok(workspace.program(binary))
}
