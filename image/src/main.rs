//! `megh-image`: builds the appliance's image, release and medium.

use std::process::ExitCode;

mod apt;
mod build;
mod cli;
mod deb;
mod digest;
mod fetch;
mod keys;
mod lock;
mod mirror;
mod progress;
mod repository;
mod stage;
mod tools;
mod workspace;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("megh-image: {error:#}");
            ExitCode::FAILURE
        }
    }
}
