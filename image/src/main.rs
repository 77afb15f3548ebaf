//! Starts `megh-image`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match megh_image::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("megh-image: {error:#}");
            ExitCode::FAILURE
        }
    }
}
