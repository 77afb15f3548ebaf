//! Fuzzing of everything that reads what others wrote; see fuzz/README.md.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::report::Step;
use crate::workspace::Workspace;

/// Seconds per target in a run of all checks.
pub(crate) const SHORT: u64 = 10;
/// Longest input, bytes: the parsers refuse longer ones by their length.
const MAX_INPUT: u64 = 64 * 1024;

/// Fuzzes every target of `fuzz/` for some seconds. It begins with the corpus
/// that is kept there; what it learns goes into the cache.
pub(crate) fn run(workspace: &Workspace, seconds: u64, step: &mut Step) -> Result<()> {
    let folder = workspace.root().join("fuzz");
    for target in targets(&folder)? {
        println!("--> {target}");
        let learned = learned(workspace, &target)?;
        let kept = Some(folder.join("corpus").join(&target)).filter(|kept| kept.is_dir());
        workspace
            .cargo("run")
            // Its own configuration has the flags of the fuzzer.
            .cwd(&folder)
            .env("CARGO_TARGET_DIR", workspace.cache().join("target-fuzz"))
            .args(["--release", "--locked", "--bin", &target, "--"])
            .arg(&learned)
            .args(kept)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_INPUT}"))
            .arg(format!("-artifact_prefix={}/finding-", learned.display()))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .interactive()
            .run()
            .with_context(|| {
                format!(
                    "fuzzing {target}: the input is a file finding-… in {}",
                    learned.display()
                )
            })?;
        step.count(1, 0);
    }
    Ok(())
}

/// Where the inputs that a target was fed are kept between runs.
fn learned(workspace: &Workspace, target: &str) -> Result<PathBuf> {
    let folder = workspace.cache().join("fuzz").join(target);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}

/// The names of the fuzzer's programs.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let names = names(&text).with_context(|| format!("reading {}", path.display()))?;
    ensure!(!names.is_empty(), "{} has no programs", path.display());
    Ok(names)
}

fn names(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = toml::from_str(manifest)?;
    let programs = manifest.get("bin").and_then(toml::Value::as_array);
    let name = |program: &toml::Value| Some(program.get("name")?.as_str()?.to_owned());
    Ok(programs.into_iter().flatten().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_of_the_manifest_is_a_target() {
        let manifest = "[package]\nname = \"x\"\n[[bin]]\nname = \"index\"\npath = \"a.rs\"\n[[bin]]\nname = \"root\"\n";
        assert_eq!(names(manifest).expect("read"), ["index", "root"]);
        assert!(names("[package]\n").expect("read").is_empty());
        assert!(names("no manifest").is_err());
    }
}
