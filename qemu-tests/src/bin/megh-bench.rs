//! `cargo ci bench`: what the product costs.

use std::process::ExitCode;

use megh_qemu_tests::bench::{self, Options};

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| bench::run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("megh-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
