//! Releases to update to: sites as a web server has them, for the tests.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

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
const BROKEN: [&str; 3] = ["daemon-crashes", "panics", "userspace-hangs"];
/// Documents of a site, not of one release: they begin with these names.
const OF_THE_SITE: [&str; 3] = ["root", "stable", "candidate"];

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
    arrange(&work.join("release"), &site, version)
        .with_context(|| format!("arranging {}", site.display()))?;
    remove(&work)
}

/// Makes a site of a release's folder: the documents of the site in front, all
/// else in a folder of the version's name, which is where the index looks.
fn arrange(release: &Path, site: &Path, version: &str) -> Result<()> {
    let place = site.join(version);
    fs::create_dir_all(&place)?;
    for entry in fs::read_dir(release)? {
        let entry = entry?;
        let name = entry.file_name();
        fs::rename(entry.path(), target(site, &place, &name.to_string_lossy()))?;
    }
    Ok(())
}

fn target(site: &Path, place: &Path, name: &str) -> PathBuf {
    let stem = name.split('.').next().unwrap_or_default();
    let of_the_site = name.contains(".json") && OF_THE_SITE.contains(&stem);
    if of_the_site { site } else { place }.join(name)
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
    fn a_site_has_its_documents_in_front_and_the_release_in_its_folder() {
        let (site, place) = (Path::new("/s"), Path::new("/s/1.0.0"));
        for name in [
            "root.json",
            "root.1.json.minisig",
            "stable.json",
            "candidate.json.minisig",
        ] {
            assert_eq!(target(site, place, name), site.join(name));
        }
        for name in [
            "root.img",
            "manifest.json",
            "manifest.json.minisig",
            "uki.efi",
            "sbom.json",
        ] {
            assert_eq!(target(site, place, name), place.join(name));
        }
    }

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
