//! Runs the trials of a campaign, and notes the result in docs/numbers.md.

use anyhow::Result;

use crate::workspace::Workspace;

/// Runs campaign `name` up to `count` trials drawn from `seed`.
pub(crate) fn run(workspace: &Workspace, name: &str, seed: u64, count: u64) -> Result<()> {
    workspace
        .cargo("run")
        .args(["--quiet", "--locked", "-p", "megh-qemu-tests"])
        .args(["--bin", "megh-campaign", "--", name])
        .args(["--seed", &seed.to_string(), "--count", &count.to_string()])
        .arg("--write")
        .arg(workspace.root().join("docs/numbers.md"))
        .env("MEGHOS_OUT", workspace.out())
        .env("MEGHOS_CACHE", workspace.cache())
        .interactive()
        .run()?;
    Ok(())
}
