//! `make run`: an installed appliance in a virtual machine, its console in
//! this terminal.

use std::process::ExitCode;

fn main() -> ExitCode {
    match megh_qemu_tests::trial::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make run: {error:#}");
            ExitCode::FAILURE
        }
    }
}
