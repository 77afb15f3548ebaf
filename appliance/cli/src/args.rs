//! The command line. What is written here is the manual.

pub(crate) mod update;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use megh_model::units::Bytes;
use uuid::Uuid;

/// Manage a MeghOS appliance.
///
/// Connect once, compare the fingerprint with the appliance's own screen, claim it or log in, and go on:
///
///   megh connect https://192.0.2.10
///   megh claim
///   megh image create debian-13 --file debian-13.qcow2 --wait
///   megh instance create web-1 --image debian-13 --vcpus 2 --memory 2GiB --start --wait
///   megh instance console web-1
#[derive(Debug, Parser)]
#[command(
    name = "megh",
    version,
    max_term_width = 100,
    after_long_help = "\
Exit status:
  0  done
  1  the appliance refused, or something failed; the code and what to do are printed
  2  the command line is wrong
  3  the appliance cannot be reached, or its certificate is another one
  4  a session is needed: `megh login`
  5  the operation or update that was waited for failed

Files:
  ~/.config/megh/config.toml  the appliances you are connected to, with their fingerprints and your
                              sessions; only you can read it. $MEGH_CONFIG names another file."
)]
pub(crate) struct Args {
    /// Which of your appliances; the one connected last when absent
    #[arg(long, short, global = true, env = "MEGH_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// The project
    #[arg(
        long,
        global = true,
        env = "MEGH_PROJECT",
        default_value = "default",
        value_name = "NAME"
    )]
    pub project: String,
    /// Print JSON: answers as the API gives them, errors as problem documents
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Remember an appliance and the fingerprint of its certificate
    Connect(Connect),
    /// Take possession of a fresh appliance
    Claim(Claim),
    /// Open a session
    Login(Login),
    /// End the session
    Logout,
    /// Show the appliance; its updates
    System {
        /// What to do; shows the appliance when absent
        #[command(subcommand)]
        command: Option<update::System>,
    },
    /// Images: what instances are made from
    #[command(subcommand)]
    Image(Image),
    /// Instances: virtual machines
    #[command(subcommand)]
    Instance(Instance),
    /// Operations: work that goes on by itself
    #[command(subcommand)]
    Operation(Operation),
    /// Print a script that completes commands in your shell
    ///
    /// For bash: megh completions bash > ~/.local/share/bash-completion/completions/megh
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Remember an appliance.
///
/// Without --fingerprint, the one that the appliance shows over the network is printed, and you are
/// asked to compare it with the one on the appliance's own screen.
#[derive(Debug, ClapArgs)]
pub(crate) struct Connect {
    /// Where it is, for example https://192.0.2.10
    pub url: String,
    /// SHA-256 of its certificate, as on its own screen
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
}

/// Take possession.
#[derive(Debug, ClapArgs)]
pub(crate) struct Claim {
    /// The code on the appliance's own screen; asked for when absent
    #[arg(long)]
    pub code: Option<String>,
    /// Name of the first administrator
    #[arg(long, default_value = "admin")]
    pub name: String,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
}

/// Open a session.
#[derive(Debug, ClapArgs)]
pub(crate) struct Login {
    /// Your name
    #[arg(default_value = "admin")]
    pub name: String,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
}

/// Waiting for the end of what was begun.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Wait {
    /// Wait until it is done
    #[arg(long, short)]
    pub wait: bool,
}

/// Images.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Announce an image, and send its content if a file is given
    Create {
        /// Its name: lower-case letters, digits, dots and dashes
        name: String,
        /// A raw disk or a qcow2 file
        #[arg(long, short, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Send the content of an announced image
    Upload {
        /// Name or id of the image
        image: String,
        /// A raw disk or a qcow2 file
        file: PathBuf,
        #[command(flatten)]
        wait: Wait,
    },
    /// List images
    #[command(visible_alias = "ls")]
    List,
    /// Show an image
    Show {
        /// Name or id
        image: String,
    },
    /// Remove an image; instances made from it go on
    #[command(visible_alias = "rm")]
    Delete {
        /// Name or id
        image: String,
        #[command(flatten)]
        wait: Wait,
    },
}

/// Instances.
#[derive(Debug, Subcommand)]
pub(crate) enum Instance {
    /// Make an instance
    Create(CreateInstance),
    /// List instances
    #[command(visible_alias = "ls")]
    List,
    /// Show an instance
    Show {
        /// Name or id
        instance: String,
    },
    /// Start an instance
    Start {
        /// Name or id
        instance: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Ask the guest to stop, or cut its power
    Stop {
        /// Name or id
        instance: String,
        /// Cut the power instead of asking; also when asking did not help
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        wait: Wait,
    },
    /// Remove an instance with its disk; a running guest is cut off
    #[command(visible_alias = "rm")]
    Delete {
        /// Name or id
        instance: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Open the serial console; Ctrl-] leaves it
    Console {
        /// Name or id
        instance: String,
    },
}

/// Make an instance.
#[derive(Debug, ClapArgs)]
pub(crate) struct CreateInstance {
    /// Its name: lower-case letters, digits and dashes, a letter first
    pub name: String,
    /// Name or id of the image that its disk is copied from
    #[arg(long)]
    pub image: String,
    /// Virtual processors
    #[arg(long, default_value_t = 1)]
    pub vcpus: u32,
    /// Memory
    #[arg(long, default_value = "1GiB", value_name = "SIZE")]
    pub memory: Bytes,
    /// Size of the disk; the image's when absent
    #[arg(long, value_name = "SIZE")]
    pub disk: Option<Bytes>,
    /// Firmware of the guest
    #[arg(long, value_enum, default_value_t = Firmware::Uefi)]
    pub firmware: Firmware,
    /// Start it once it is made
    #[arg(long)]
    pub start: bool,
    #[command(flatten)]
    pub wait: Wait,
}

/// Firmware of a guest.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Firmware {
    /// OVMF
    Uefi,
    /// SeaBIOS
    Bios,
}

/// Operations.
#[derive(Debug, Subcommand)]
pub(crate) enum Operation {
    /// List operations, newest first
    #[command(visible_alias = "ls")]
    List {
        /// Only those on the image or instance of this id
        #[arg(long, value_name = "ID")]
        subject: Option<Uuid>,
    },
    /// Show an operation
    Show {
        /// Its id
        operation: Uuid,
    },
    /// Wait for an operation to end
    Wait {
        /// Its id
        operation: Uuid,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn no_password_is_taken_from_the_command_line() {
        for command in ["login", "claim"] {
            assert!(
                Args::try_parse_from(["megh", command, "--password", "secret"]).is_err(),
                "{command}"
            );
        }
    }
}
