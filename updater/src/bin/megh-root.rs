//! Makes the root file system ready; runs once, in the initrd.

use std::process::ExitCode;

use megh_host::System;
use megh_updater::root::{self, Places};

fn main() -> ExitCode {
    let places = Places::new("/");
    match root::prepare(&places, &System) {
        Ok(record) => {
            println!("root file system of {} is ready", root::describe(&record));
            ExitCode::SUCCESS
        }
        Err(error) => {
            root::announce_failure(&places, &error);
            ExitCode::FAILURE
        }
    }
}
