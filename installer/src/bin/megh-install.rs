//! The installer. Everything is in the library.

use std::process::ExitCode;

use clap::Parser;
use megh_install::cli::{self, Cli};

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("MEGH_LOG"))
        .init();
    match cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("megh-install: {error:#}");
            ExitCode::FAILURE
        }
    }
}
