//! Starts `meghd`.

use std::io::IsTerminal;

use anyhow::Result;
use clap::Parser;
use meghd::options::{Command, Options};
use tracing_subscriber::EnvFilter;

fn main() -> Result<()> {
    let options = Options::parse();
    match options.command.clone().unwrap_or_default() {
        Command::Serve => {
            let filter = EnvFilter::try_from_env("MEGHD_LOG")
                .unwrap_or_else(|_| "info,openraft=warn".into());
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .init();
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?
                .block_on(meghd::serve::serve(&options))
        }
        Command::MountPool => meghd::engines::mount_pool(&options),
        Command::Openapi => {
            println!("{}", meghd::http::document().to_pretty_json()?);
            Ok(())
        }
    }
}
