//! Measures, and writes docs/numbers.md.

use anyhow::Result;

use crate::workspace::Workspace;

/// Runs every measurement `runs` times.
pub(crate) fn run(workspace: &Workspace, runs: usize) -> Result<()> {
    workspace
        .cargo("run")
        .args([
            "--quiet",
            "--locked",
            "-p",
            "megh-qemu-tests",
            "--bin",
            "megh-bench",
            "--",
        ])
        .args(["--runs", &runs.to_string()])
        .arg("--write")
        .arg(workspace.root().join("docs/numbers.md"))
        .env("MEGHOS_OUT", workspace.out())
        .env("MEGHOS_CACHE", workspace.cache())
        .interactive()
        .run()?;
    Ok(())
}
