//! Format, lints, documentation and unit tests of the Rust crates.

use anyhow::Result;

use crate::report::Step;
use crate::workspace::Workspace;

/// The crate whose integration tests need a built image.
const NEEDS_IMAGE: &str = "megh-qemu-tests";

/// Checks the formatting.
pub(crate) fn fmt(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo("fmt")
        .args(["--all", "--", "--check"])
        .interactive()
        .run()?;
    Ok(())
}

/// Lints everything that compiles.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo("clippy")
        .args([
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ])
        .interactive()
        .run()?;
    Ok(())
}

/// Builds the documentation of our crates.
pub(crate) fn docs(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo("doc")
        .args([
            "--workspace",
            "--no-deps",
            "--locked",
            "--document-private-items",
        ])
        .env("RUSTDOCFLAGS", "-D warnings")
        .interactive()
        .run()?;
    Ok(())
}

/// Runs the tests of all crates that need no image.
pub(crate) fn unit(workspace: &Workspace, step: &mut Step) -> Result<()> {
    let crates = workspace.cargo("test").args([
        "--workspace",
        "--exclude",
        NEEDS_IMAGE,
        "--locked",
        "--no-fail-fast",
    ]);
    let harness = workspace
        .cargo("test")
        .args(["-p", NEEDS_IMAGE, "--lib", "--locked"]);
    let first = step.run_tests(&crates);
    step.run_tests(&harness)?;
    first
}

/// Runs the unit tests of some crates.
pub(crate) fn unit_of(workspace: &Workspace, crates: &[String], step: &mut Step) -> Result<()> {
    let (harness, others): (Vec<_>, Vec<_>) = crates.iter().partition(|name| *name == NEEDS_IMAGE);
    for (names, targets) in [(others, None), (harness, Some("--lib"))] {
        if names.is_empty() {
            continue;
        }
        let mut test = workspace.cargo("test").args(["--locked", "--no-fail-fast"]);
        for name in names {
            test = test.args(["-p", name]);
        }
        step.run_tests(&test.args(targets))?;
    }
    Ok(())
}
