//! `megh`: a MeghOS appliance from the command line.

mod api;
mod args;
mod commands;
mod failure;
mod profile;
mod progress;
mod prompt;
mod table;
mod tls;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let json = args.json;
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&error.into(), json),
    };
    let outcome = runtime.block_on(commands::run(args));
    // A read of the terminal cannot be taken back: it is left behind.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error, json),
    }
}
