//! `cargo ci campaign`: matrices too large for every run.

use std::process::ExitCode;

use megh_qemu_tests::campaign::{self, Options};

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| campaign::run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("megh-campaign: {error:#}");
            ExitCode::FAILURE
        }
    }
}
