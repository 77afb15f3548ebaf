//! Builds the image, and builds it again.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, bail};
use megh_host::command::Line;
use serde_json::Value;

use super::web::Tools;
use crate::report::Step;
use crate::workspace::Workspace;

const RECIPE: &str = "recipes/images/appliance.toml";
/// What the builder says when a pinned package has left the mirror.
const LOCK_IS_OLD: &str = "THIS IS NOT A BUILD OF THE LOCK";
/// What a build from nothing shares with the first: downloads and keys.
const SHARED: [&str; 3] = ["debs", "apt", "dev-keys"];

/// Builds the image into `out/`.
pub(crate) fn build(workspace: &Workspace, step: &mut Step) -> Result<()> {
    build_into(workspace, &workspace.out(), workspace.cache(), step)
}

/// Builds once more, every stage from nothing and in other folders, and
/// compares the digests of all parts as they were before signing.
pub(crate) fn reproducible(workspace: &Workspace) -> Result<()> {
    let again = workspace.cache().join("second-build");
    let (out, cache) = (again.join("out"), again.join("cache"));
    if again.exists() {
        fs::remove_dir_all(&again).with_context(|| format!("clearing {}", again.display()))?;
    }
    fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
    for name in SHARED {
        symlink(workspace.cache().join(name), cache.join(name))
            .with_context(|| format!("sharing {name} with the second build"))?;
    }
    build_into(workspace, &out, &cache, &mut Step::default())?;
    let (first, second) = (digests(&workspace.out())?, digests(&out)?);
    if first != second {
        bail!(
            "two builds differ; the second is in {}:\n{first:#}\n{second:#}",
            again.display()
        );
    }
    println!("two builds have identical parts: {first:#}");
    fs::remove_dir_all(&again).with_context(|| format!("clearing {}", again.display()))
}

fn build_into(workspace: &Workspace, out: &Path, cache: &Path, step: &mut Step) -> Result<()> {
    build_with(workspace, out, cache, &[], step)
}

/// Builds into other folders, with more options of the builder.
pub(crate) fn build_with(
    workspace: &Workspace,
    out: &Path,
    cache: &Path,
    options: &[OsString],
    step: &mut Step,
) -> Result<()> {
    let build = workspace
        .cargo("run")
        .args(["--quiet", "--locked", "-p", "megh-image", "--", "build"])
        .args([RECIPE, "--refresh-lock-if-gone", "--out"])
        .arg(out)
        .arg("--cache")
        .arg(cache)
        .args(options);
    let mut old_lock = false;
    Tools::find(workspace)?.found_by(build).lines(|line| {
        let (Line::Out(text) | Line::Err(text)) = line;
        println!("{text}");
        old_lock |= text.contains(LOCK_IS_OLD);
    })?;
    if old_lock {
        step.warn("pinned packages have left the mirror: this image is of a freshly made lock; run `megh-image lock`");
    }
    Ok(())
}

fn digests(out: &Path) -> Result<Value> {
    let path = out.join("build/digests.json");
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}
