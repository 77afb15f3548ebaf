//! Fuzzing of everything that reads what others wrote, with cargo-fuzz.

use anyhow::{Context, Result, ensure};

use super::tools::cargo_tool;
use crate::report::Step;
use crate::workspace::Workspace;

/// Seconds per target in a run of all checks.
pub(crate) const SHORT: u64 = 20;
/// Longest input, bytes: the parsers refuse longer ones by their length.
const MAX_INPUT: u64 = 64 * 1024;

/// Fuzzes every target of `fuzz/` for some seconds, from the corpus kept there.
pub(crate) fn run(workspace: &Workspace, seconds: u64, step: &mut Step) -> Result<()> {
    // The flags that cargo-fuzz needs are unstable ones; the variable lets the
    // workspace's own compiler take them.
    let fuzz = cargo_tool(workspace, "cargo-fuzz")?
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", workspace.cache().join("target-fuzz"))
        .env_remove("CARGO_MANIFEST_DIR");
    let listed = fuzz.clone().arg("list").stdout()?;
    let targets: Vec<&str> = listed.split_whitespace().collect();
    ensure!(!targets.is_empty(), "fuzz/ has no targets");
    for target in targets {
        println!("--> {target}");
        fuzz.clone()
            .args(["run", target, "--"])
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_INPUT}"))
            .arg("-print_final_stats=1")
            .interactive()
            .run()
            .with_context(|| format!("fuzzing {target}: the input is in fuzz/artifacts"))?;
        step.count(1, 0);
    }
    Ok(())
}
