//! The updater. Everything is in the library.

use std::process::ExitCode;

use clap::Parser;
use megh_host::System;
use megh_updater::Places;
use megh_updater::cli::{self, Cli};

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .without_time()
        // Who has asked may be gone: that is no reason to stop.
        .log_internal_errors(false)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("MEGH_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .init();
    cli::run(Cli::parse(), &System, Places::new("/"))
}
