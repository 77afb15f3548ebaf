//! The screen of an installed machine. Everything is in the library.

use clap::Parser;

/// Show address, fingerprint and claim code of this machine on this terminal.
#[derive(Parser)]
#[command(name = "megh-console", version)]
struct Cli {}

fn main() -> anyhow::Result<()> {
    let Cli {} = Cli::parse();
    megh_install::console::run()
}
