//! The web UI: types, lints, tests, build.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use crate::workspace::Workspace;

/// The oldest Node.js that the web tools run on.
const NODE_MAJOR: u32 = 20;
/// What is installed where Debian's Node.js is older.
const NODE_PACKAGE: &str = "node@22";

/// Installs the tools of the lock file and runs every check.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tools = Tools::find(workspace)?;
    tools.install()?;
    for script in ["check", "test", "build"] {
        tools.npm(&["run", script]).interactive().run()?;
    }
    Ok(())
}

/// Node.js with npm, in the folder of the UI.
#[derive(Debug)]
pub(crate) struct Tools {
    web: PathBuf,
    path: Option<String>,
}

impl Tools {
    /// Debian's Node.js, or where that is too old, one from npm in the cache.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        let web = workspace.root().join("web");
        if node_major(&Cmd::new("node")).is_some_and(|major| major >= NODE_MAJOR) {
            return Ok(Self { web, path: None });
        }
        let prefix = workspace.cache().join("node");
        let bin = prefix.join("node_modules/node/bin");
        if node_major(&Cmd::new(bin.join("node"))).is_none() {
            println!(
                "Node.js is older than {NODE_MAJOR}: installing {NODE_PACKAGE} into {}",
                prefix.display()
            );
            fs::create_dir_all(&prefix).with_context(|| format!("making {}", prefix.display()))?;
            Cmd::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--prefix"])
                .arg(&prefix)
                .arg(NODE_PACKAGE)
                .run()?;
        }
        let path = std::env::var("PATH").unwrap_or_default();
        Ok(Self {
            web,
            path: Some(format!("{}:{path}", bin.display())),
        })
    }

    /// Installs what the lock file says, unless that was done.
    pub(crate) fn install(&self) -> Result<()> {
        let lock = self.web.join("package-lock.json");
        let stamp = self.web.join("node_modules/.meghos-lock");
        let wanted = fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
        if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        self.npm(&["ci", "--no-audit", "--no-fund"])
            .interactive()
            .run()?;
        fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
    }

    /// npm, started in the folder of the UI.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Cmd {
        self.found_by(Cmd::new("npm").cwd(&self.web).args(arguments))
    }

    /// A program that finds this Node.js before any other.
    pub(crate) fn found_by(&self, program: Cmd) -> Cmd {
        match &self.path {
            Some(path) => program.env("PATH", path),
            None => program,
        }
    }
}

/// The major version of a Node.js, if it runs.
fn node_major(node: &Cmd) -> Option<u32> {
    let version = node.clone().arg("--version").stdout().ok()?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}
