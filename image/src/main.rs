//! `megh-image`: builds the appliance's image, release and medium.

use std::process::ExitCode;

mod apt;
mod base;
mod boot;
mod build;
mod cli;
mod deb;
mod digest;
mod fetch;
mod keys;
mod lock;
mod mirror;
mod product;
mod progress;
mod release;
mod repository;
mod rootfs;
mod sizes;
mod stage;
mod tools;
mod web;
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
