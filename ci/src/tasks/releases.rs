//! Releases to update to: sites as a web server has them, for the tests.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::image;
use crate::report::Step;
use crate::workspace::Workspace;

/// Folder of the variants' overlays.
const VARIANTS: &str = "qemu-tests/releases";
/// Releases that do their job, in the order of their making: a machine takes
/// them one after the other, and no index may be older than one it has seen.
const SOUND: [(&str, &str); 2] = [("next", "0.2.0"), ("after-next", "0.3.0")];
/// Broken releases that every run of the tests tries; see [`VARIANTS`].
const BROKEN: [&str; 3] = ["daemon-crashes", "fails-in-initrd", "panics"];

/// Builds the sites that the tests of every run need, or all of them, into
/// `out/sites/`.
pub(crate) fn run(workspace: &Workspace, all: bool, step: &mut Step) -> Result<()> {
    for (name, version) in SOUND {
        build(workspace, name, version, None, step)?;
    }
    for (number, name) in variants(workspace)?.iter().enumerate() {
        if all || BROKEN.contains(&name.as_str()) {
            let overlay = workspace.root().join(VARIANTS).join(name);
            let version = format!("0.9.{}", number + 1);
            build(workspace, name, &version, Some(&overlay), step)?;
        }
    }
    Ok(())
}

/// The names of all variants, in order.
fn variants(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root().join(VARIANTS);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    for needed in BROKEN {
        ensure!(
            names.iter().any(|name| name == needed),
            "there is no variant `{needed}` in {}",
            folder.display()
        );
    }
    Ok(names)
}

fn build(
    workspace: &Workspace,
    name: &str,
    version: &str,
    variant: Option<&Path>,
    step: &mut Step,
) -> Result<()> {
    println!("--> {name}, {version}");
    let sites = workspace.out().join("sites");
    let work = sites.join(".build");
    let mut options: Vec<OsString> = vec!["--version".into(), version.into()];
    if let Some(overlay) = variant {
        options.extend(["--variant".into(), overlay.into()]);
    }
    image::build_with(workspace, &work, workspace.cache(), &options, step)?;
    let site = sites.join(name);
    remove(&site)?;
    workspace
        .cargo("run")
        .args(["--quiet", "--locked", "-p", "megh-image", "--", "release"])
        .args([&work, &site])
        .arg("--cache")
        .arg(workspace.cache())
        .interactive()
        .run()
        .with_context(|| format!("making the site {}", site.display()))?;
    remove(&work)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_of_the_checkout_lays_something_over_the_image() {
        let workspace = Workspace::find().expect("the checkout");
        for name in variants(&workspace).expect("listed") {
            let folder = workspace.root().join(VARIANTS).join(&name);
            let lays = ["root", "initrd"]
                .iter()
                .any(|part| folder.join(part).is_dir());
            assert!(lays, "{name}");
        }
    }
}
