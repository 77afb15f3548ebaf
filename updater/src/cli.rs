//! The command line of `megh-update`.

mod run;
mod settings;

use clap::{Args, Parser, Subcommand};

pub use run::run;

/// Updates the system of this machine: two slots, one in use, the other for the
/// next version. Works without the control plane.
#[derive(Debug, Parser)]
#[command(name = "megh-update", version, max_term_width = 100)]
pub struct Cli {
    /// Print JSON: lines of progress where a command takes long, and one object at the end.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look for newer releases: at the source that is set, and on sticks.
    Check,
    /// Put a release into the other slot; nothing changes until it is applied.
    Stage(StageArgs),
    /// Restart into the staged release, on trial until it has proved itself.
    Apply {
        /// Only tell the loader; the trial begins at the next restart.
        #[arg(long)]
        no_restart: bool,
    },
    /// Show both slots, what lies ready, the trial, and the settings.
    Status {
        /// Look at the disk again.
        #[arg(long)]
        fresh: bool,
    },
    /// Go back to the other slot, whose version did its job before.
    Rollback {
        /// Only tell the loader; the machine changes at the next restart.
        #[arg(long)]
        no_restart: bool,
    },
    /// Keep the running version without waiting for its health gate.
    Commit,
    /// Mend the boot environment and the loaders.
    Repair {
        /// On BIOS, write the loader anew as well. A power cut in that moment
        /// leaves a disk that BIOS cannot start.
        #[arg(long)]
        loader: bool,
    },
    /// Show or change where releases come from and how far the machine goes by itself.
    Settings {
        #[command(subcommand)]
        change: Option<settings::Change>,
    },
    /// Wait for the checks of the health gate; commit or go back. Run at every start.
    #[command(hide = true)]
    Gate,
    /// Settle what the last start has left behind. Run early at every start.
    #[command(hide = true)]
    Settle,
    /// Do what the policy wants. Run by a timer.
    #[command(hide = true)]
    Auto,
}

#[derive(Debug, Args)]
struct StageArgs {
    /// The version; without it the newest.
    version: Option<String>,
    /// An address, a directory, or the device of a stick, instead of the source that is set.
    #[arg(long, value_name = "URL|DIR|DEVICE")]
    from: Option<String>,
    /// Take a release whose documents have expired, or that are older than what was seen.
    #[arg(long)]
    allow_expired: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_the_control_plane_types_is_understood() {
        Cli::command().debug_assert();
        for line in [
            "status --json",
            "settings --json set",
            "settings set --window 02:00-04:00 --source https://a.example",
            "check --json",
            "stage --json 1.2.0 --from /dev/sdb1 --allow-expired",
            "apply --json",
            "apply --no-restart",
            "rollback --json",
            "repair --loader",
            "gate",
            "settle",
            "auto",
        ] {
            let words = std::iter::once("megh-update").chain(line.split(' '));
            let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(cli.json, line.contains("--json"), "{line}");
        }
        for bad in [
            "",
            "stage 1 2",
            "settings set --policy sometimes",
            "settings set --window 2",
        ] {
            let words = std::iter::once("megh-update").chain(bad.split_whitespace());
            assert!(Cli::try_parse_from(words).is_err(), "{bad}");
        }
    }
}
