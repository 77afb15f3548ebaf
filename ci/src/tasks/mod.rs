//! The tasks of `cargo ci`.

pub(crate) mod bench;
pub(crate) mod campaign;
pub(crate) mod deny;
pub(crate) mod fuzz;
pub(crate) mod image;
pub(crate) mod qemu;
pub(crate) mod quick;
pub(crate) mod releases;
pub(crate) mod run;
pub(crate) mod rust;
pub(crate) mod setup;
pub(crate) mod tidy;
pub(crate) mod web;

use anyhow::Result;

use crate::progress::Progress;
use crate::report::{Report, Step};
use crate::workspace::Workspace;

type Work = fn(&Workspace, &mut Step) -> Result<()>;

/// Every check in order, the quick ones first.
const CHECKS: &[(&str, Work)] = &[
    ("fmt", |workspace, _| rust::fmt(workspace)),
    ("tidy", |workspace, _| tidy::run(workspace)),
    ("clippy", |workspace, _| rust::clippy(workspace)),
    ("docs", |workspace, _| rust::docs(workspace)),
    ("deny", deny::run),
    ("unit", rust::unit),
    ("fuzz", |workspace, step| {
        fuzz::run(workspace, fuzz::SHORT, step)
    }),
    ("web", |workspace, _| web::run(workspace)),
    (IMAGE, image::build),
];

/// Checks of the built image.
const IMAGE_CHECKS: &[(&str, Work)] = &[
    ("reproducible", |workspace, _| {
        image::reproducible(workspace)
    }),
    ("releases", |workspace, step| {
        releases::run(workspace, false, step)
    }),
    ("qemu", |workspace, step| qemu::run(workspace, None, step)),
];

const IMAGE: &str = "image";

/// Runs everything. A failed check does not keep the others from running,
/// except that without an image there is nothing to boot.
pub(crate) fn all(workspace: &Workspace, report: &mut Report) -> Result<()> {
    let mut progress = Progress::open(workspace)?;
    for (name, work) in CHECKS {
        once(workspace, report, &mut progress, name, *work)?;
    }
    for (name, work) in IMAGE_CHECKS {
        if report.has_passed(IMAGE) {
            once(workspace, report, &mut progress, name, *work)?;
        } else {
            report.step(name, |_| anyhow::bail!("there is no image"));
        }
    }
    progress.close();
    Ok(())
}

fn once(
    workspace: &Workspace,
    report: &mut Report,
    progress: &mut Progress,
    name: &str,
    work: Work,
) -> Result<()> {
    if let Some((tests, took)) = progress.passed(name) {
        report.passed_earlier(name, tests, took);
        return Ok(());
    }
    report.step(name, |step| work(workspace, step));
    match report.last() {
        Some((true, tests, took)) => progress.note(name, tests, took),
        _ => Ok(()),
    }
}
