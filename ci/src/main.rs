//! `cargo ci <task>`: the workshop.

use std::process::ExitCode;

use clap::Parser;

mod cli;
mod progress;
mod report;
mod tasks;
mod times;
mod workspace;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo ci: {error:#}");
            ExitCode::FAILURE
        }
    }
}
