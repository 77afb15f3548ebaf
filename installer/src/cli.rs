//! The command line of `megh-install`.

mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use megh_model::name::Name;

pub use run::run;

/// Install MeghOS from a started medium to a disk.
///
/// A disk that is installed on is erased. Nothing is written to it before the
/// whole release has been checked, and it does not start before all is written.
///
/// Without a command this is what the medium runs on every terminal: `auto` when
/// there are answers, `tui` otherwise.
#[derive(Debug, Parser)]
#[command(name = "megh-install", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Directory with the release: documents and parts
    #[arg(long, global = true, value_name = "DIR")]
    release: Option<PathBuf>,

    /// Directory with the root document that is believed
    #[arg(long, global = true, value_name = "DIR")]
    keys: Option<PathBuf>,

    /// Install although the release's documents have expired: it may lack repairs of known faults
    #[arg(long, global = true)]
    allow_expired: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what an installation would do, and change nothing
    Plan {
        #[command(flatten)]
        choice: Choice,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Install, erasing the disk
    Execute {
        #[command(flatten)]
        choice: Choice,
        /// The last four characters of the disk's serial number (or name), as `plan` shows them
        #[arg(long, value_name = "TEXT")]
        confirm: String,
        /// Print progress as JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Install by the answers file of this machine, then restart or switch off as it says
    Auto,
    /// Show which disk an answers file means, and why the others are not meant
    Match {
        /// The answers file
        answers: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check an answers file without looking at this machine
    Validate {
        /// The answers file
        answers: PathBuf,
    },
    /// Ask on this terminal and install
    Tui,
    /// Print a completion script
    Completions {
        /// For this shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
struct Choice {
    /// Choose the disk by the answers in this file
    #[arg(long, value_name = "FILE", required_unless_present = "disk")]
    answers: Option<PathBuf>,
    /// The disk, as the kernel calls it (`sda`)
    #[arg(long, value_name = "NAME", conflicts_with = "answers")]
    disk: Option<String>,
    /// The machine's name
    #[arg(long, value_name = "NAME", conflicts_with = "answers")]
    host_name: Option<Name>,
}
