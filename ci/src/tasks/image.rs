//! Builds the image, and builds it again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::web::Tools;
use crate::report::Step;
use crate::workspace::Workspace;

const RECIPE: &str = "recipes/images/appliance.toml";
/// The builder says this when a pinned package has left the mirror.
const LOCK_IS_OLD: &str = "freshly made lock";

/// Builds the image into `out/`.
pub(crate) fn build(workspace: &Workspace, step: &mut Step) -> Result<()> {
    build_into(workspace, &workspace.out(), step)
}

/// Builds once more into another folder and compares the digests of all parts
/// as they were before signing.
pub(crate) fn reproducible(workspace: &Workspace) -> Result<()> {
    let again = workspace.cache().join("second-build");
    if again.exists() {
        fs::remove_dir_all(&again).with_context(|| format!("clearing {}", again.display()))?;
    }
    build_into(workspace, &again, &mut Step::default())?;
    let (first, second) = (digests(&workspace.out())?, digests(&again)?);
    fs::remove_dir_all(&again).with_context(|| format!("clearing {}", again.display()))?;
    if first != second {
        bail!("two builds differ:\n{first:#}\n{second:#}");
    }
    println!("two builds have identical parts: {first:#}");
    Ok(())
}

fn build_into(workspace: &Workspace, out: &Path, step: &mut Step) -> Result<()> {
    let build = workspace
        .cargo("run")
        .args([
            "--quiet",
            "--locked",
            "-p",
            "megh-image",
            "--",
            "build",
            RECIPE,
            "--out",
        ])
        .arg(out)
        .arg("--cache")
        .arg(workspace.cache());
    Tools::find(workspace)?.found_by(build).lines(|line| {
        let (megh_host::command::Line::Out(text) | megh_host::command::Line::Err(text)) = line;
        if text.contains(LOCK_IS_OLD) {
            step.warn(text);
        } else {
            println!("{text}");
        }
    })?;
    Ok(())
}

fn digests(out: &Path) -> Result<Value> {
    let path = out.join("build/digests.json");
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}
