//! `make run`: an appliance in a virtual machine.

use std::fs;

use anyhow::Result;

use super::image;
use crate::report::Step;
use crate::workspace::Workspace;

/// Builds the image if there is none, installs it to a virtual disk once, and
/// boots that disk with its console in this terminal.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let manifest = workspace.out().join("release/manifest.json");
    if fs::exists(&manifest).unwrap_or(false) {
        println!(
            "Using the image in {} (`make image` builds it anew).",
            workspace.out().display()
        );
    } else {
        image::build(workspace, &mut Step::default())?;
    }
    workspace
        .cargo("run")
        .args([
            "--quiet",
            "--locked",
            "-p",
            "megh-qemu-tests",
            "--bin",
            "megh-try",
        ])
        .env("MEGHOS_OUT", workspace.out())
        .env("MEGHOS_CACHE", workspace.cache())
        .interactive()
        .run()?;
    Ok(())
}
