//! Programs of the workspace, built when they are asked for.

use std::path::PathBuf;

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use serde_json::Value;

/// Builds a package of the workspace and returns the path of its program.
pub fn built_program(package: &str, program: &str) -> Result<PathBuf> {
    let report = Cmd::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--message-format=json",
            "-p",
            package,
        ])
        .args(["--bin", program])
        .cwd(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdout()
        .with_context(|| format!("building {program}"))?;
    report
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == program)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program `{program}`"))
}
