//! Tools from crates.io, built once into the cache.

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use crate::workspace::Workspace;

/// The program `name` of the crate of that name: one that is installed, or one
/// that is built into the cache when it is missing.
pub(crate) fn cargo_tool(workspace: &Workspace, name: &str) -> Result<Cmd> {
    let installed = workspace
        .program(name)
        .arg("--version")
        .succeeds()
        .unwrap_or(false);
    if installed {
        return Ok(workspace.program(name));
    }
    let binary = workspace.cache().join("bin").join(name);
    if !binary.is_file() {
        println!("building {name} once; this takes some minutes");
        workspace
            .cargo("install")
            .args([name, "--locked", "--root"])
            .arg(workspace.cache())
            .interactive()
            .run()
            .with_context(|| format!("building {name}"))?;
    }
    Ok(workspace.program(binary))
}
