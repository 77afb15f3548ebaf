//! The web interface, built from its sources and its own lock file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_host::command::Cmd;

use crate::digest::{Inputs, folder_without};
use crate::stage::Stages;

/// What is made from the sources and is no source.
const MADE: [&str; 4] = ["node_modules", "dist", "test-results", "playwright-report"];

/// The folder of files to serve. The sources are copied first, so that a
/// developer's own `node_modules` stays as it is.
pub fn build(stages: &Stages, sources: &Path, epoch: u64) -> Result<PathBuf> {
    let web = sources.join("web");
    ensure!(
        web.join("package-lock.json").exists(),
        "{} has no package-lock.json",
        web.display()
    );
    let npm = Cmd::new("npm")
        .arg("--version")
        .stdout()
        .context("the web interface is built with npm")?;
    let node = Cmd::new("node").arg("--version").stdout()?;
    let key = Inputs::default()
        .text("code", include_str!("web.rs"))
        .text("node", &node)
        .text("npm", &npm)
        .text("sources", &folder_without(&web, &MADE)?)
        .key();
    let made = stages.folder("web", &key, |dir| {
        let copy = dir.join("sources");
        copy_sources(&web, &copy)?;
        let npm = |args: &[&str]| {
            Cmd::new("npm")
                .args(args)
                .cwd(&copy)
                .env("SOURCE_DATE_EPOCH", epoch.to_string())
                .env("CI", "true")
                .run()
                .with_context(|| format!("the web interface fails at npm {}", args.join(" ")))
        };
        npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
        npm(&["run", "--silent", "build"])?;
        std::fs::rename(copy.join("dist"), dir.join("dist"))
            .context("npm run build made no folder `dist`")?;
        crate::stage::remove(&copy)
    })?;
    Ok(made.join("dist"))
}

fn copy_sources(web: &Path, copy: &Path) -> Result<()> {
    std::fs::create_dir_all(copy).with_context(|| format!("cannot make {}", copy.display()))?;
    for entry in std::fs::read_dir(web)? {
        let entry = entry?;
        if MADE.iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        Cmd::new("cp")
            .args(["--archive", "--target-directory"])
            .arg(copy)
            .arg(entry.path())
            .run()?;
    }
    Ok(())
}
