//! The tasks and their options.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::report::Report;
use crate::tasks;
use crate::times;
use crate::workspace::Workspace;

/// The workshop of MeghOS.
#[derive(Debug, Parser)]
#[command(name = "cargo ci")]
pub(crate) struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install the Debian packages that are missing.
    Setup,
    /// Check the formatting.
    Fmt,
    /// Lint all Rust code; warnings are errors.
    Clippy,
    /// Build the documentation; warnings are errors.
    Docs,
    /// Check licences, bans, sources and advisories of dependencies.
    Deny,
    /// Check the structure: who depends on whom, who starts programs, lengths.
    Tidy,
    /// Fuzz the parsers of what others write, each for some seconds.
    Fuzz {
        /// Seconds per target.
        #[arg(long, default_value_t = tasks::fuzz::SHORT)]
        seconds: u64,
    },
    /// Run the unit tests of all crates.
    Unit,
    /// Type-check, lint, test and build the web UI.
    Web,
    /// Build the image: `out/meghos-<version>-amd64.iso` and the release's parts.
    Image,
    /// Build the image twice and compare what must be identical.
    Reproducible,
    /// Build the releases that the tests update to, into `out/sites/`.
    Releases {
        /// All broken ones too, not only those of every run.
        #[arg(long)]
        all: bool,
    },
    /// Run the image in virtual machines.
    Qemu {
        /// Only tests whose name contains this.
        filter: Option<String>,
    },
    /// Measure, and write docs/numbers.md.
    Bench {
        /// Runs of each measurement; the median counts.
        #[arg(long, default_value_t = 3)]
        runs: usize,
    },
    /// Run many trials drawn from a seed; a later run goes on where one ended.
    Campaign {
        /// Its name; a wrong one lists them.
        name: String,
        /// What the trials are drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many trials, those of earlier runs included.
        #[arg(long, default_value_t = 10)]
        count: u64,
    },
    /// Everything in order, as before a merge.
    Test,
    /// The inner loop: format, lints, unit tests of what has changed.
    Quick,
    /// Boot an installed appliance in a virtual machine, console in this terminal.
    Run,
}

impl Cli {
    /// Runs the task; `false` when a check did not pass.
    pub(crate) fn run(self) -> Result<bool> {
        let workspace = Workspace::find()?;
        let mut report = Report::new();
        match self.task {
            Task::Run => return tasks::run::run(&workspace).map(|()| true),
            Task::Test => {
                tasks::all(&workspace, &mut report)?;
                note_time(&workspace, &report, "test")?;
            }
            Task::Quick => {
                tasks::quick::run(&workspace, &mut report)?;
                note_time(&workspace, &report, "quick")?;
            }
            Task::Setup => report.step("setup", |_| tasks::setup::run()),
            Task::Fmt => report.step("fmt", |_| tasks::rust::fmt(&workspace)),
            Task::Clippy => report.step("clippy", |_| tasks::rust::clippy(&workspace)),
            Task::Docs => report.step("docs", |_| tasks::rust::docs(&workspace)),
            Task::Deny => report.step("deny", |step| tasks::deny::run(&workspace, step)),
            Task::Tidy => report.step("tidy", |_| tasks::tidy::run(&workspace)),
            Task::Unit => report.step("unit", |step| tasks::rust::unit(&workspace, step)),
            Task::Fuzz { seconds } => {
                report.step("fuzz", |step| tasks::fuzz::run(&workspace, seconds, step));
            }
            Task::Web => report.step("web", |_| tasks::web::run(&workspace)),
            Task::Image => {
                report.step("image", |step| tasks::image::build(&workspace, step));
            }
            Task::Reproducible => {
                report.step("reproducible", |_| tasks::image::reproducible(&workspace));
            }
            Task::Releases { all } => {
                report.step("releases", |step| {
                    tasks::releases::run(&workspace, all, step)
                });
            }
            Task::Qemu { filter } => {
                report.step("qemu", |step| {
                    tasks::qemu::run(&workspace, filter.as_deref(), step)
                });
            }
            Task::Campaign { name, seed, count } => {
                report.step("campaign", |_| {
                    tasks::campaign::run(&workspace, &name, seed, count)
                });
            }
            Task::Bench { runs } => report.step("bench", |_| tasks::bench::run(&workspace, runs)),
        }
        Ok(report.finish())
    }
}

fn note_time(workspace: &Workspace, report: &Report, task: &str) -> Result<()> {
    match report.whole_time() {
        Some(took) => times::note(workspace, task, took),
        None => Ok(()),
    }
}
