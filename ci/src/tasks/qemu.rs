//! Runs the image in virtual machines.

use anyhow::{Context, Result};

use super::web::Tools;
use crate::report::Step;
use crate::workspace::Workspace;

/// Stories at the same time. One machine rarely keeps two processors busy; three
/// take longer than two.
const AT_ONCE: &str = "--test-threads=2";

/// Runs the tests on the image.
pub(crate) fn run(workspace: &Workspace, filter: Option<&str>, step: &mut Step) -> Result<()> {
    // The browser test starts Playwright, which comes with the UI's tools.
    let web = Tools::find(workspace)?;
    web.install()
        .context("installing the browser test's tools")?;
    let tests = workspace
        .cargo("test")
        .args([
            "--locked",
            "-p",
            "megh-qemu-tests",
            "--tests",
            "--no-fail-fast",
        ])
        .args(filter)
        .args(["--", AT_ONCE, "--nocapture"])
        .env("MEGHOS_OUT", workspace.out())
        .env("MEGHOS_CACHE", workspace.cache());
    step.run_tests(&web.found_by(tests))
}
