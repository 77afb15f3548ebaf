//! Composing the tree.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use megh_model::mutable::{self, MUTABLE_PATHS_FILE, MutableKind};
use megh_model::release::{ROOT_FILE, TRUSTED_KEYS_DIR, signature_file};

use super::Ingredients;
use crate::product::PROGRAMS;
use crate::secure_boot;
use crate::stage::remove;
use crate::tools::Tools;

/// Where the web interface's files lie in the image.
const WEB_PLACE: &str = "usr/share/meghos/web";
/// Folders that something is mounted on.
const MOUNT_POINTS: [&str; 2] = ["var/lib/meghos", "var/lib/meghos-pool"];

/// Makes the tree at `root`.
pub(super) fn compose(tools: &Tools, ingredients: &Ingredients<'_>, root: &Path) -> Result<()> {
    copy(&ingredients.base.root(), root)?;
    overlay(&ingredients.overlay, root)?;
    if let Some(variant) = &ingredients.variant {
        overlay(variant, root)?;
    }
    for program in &PROGRAMS {
        let place = root.join(&program.place[1..]);
        install(&ingredients.programs.file(program), &place, 0o755)?;
    }
    fs::create_dir_all(root.join("usr/share/meghos"))?;
    copy(&ingredients.web, &root.join(WEB_PLACE))?;
    let keys = root.join(&TRUSTED_KEYS_DIR[1..]);
    for name in [ROOT_FILE.to_owned(), signature_file(ROOT_FILE)] {
        let file = ingredients.keys.dir().join(&name);
        install(&file, &keys.join(name), 0o644)?;
    }
    secure_boot::write(ingredients.keys, root)?;
    write_identity(ingredients, root)?;
    mount_points(root)?;
    configure(tools, root)
}

fn write_identity(ingredients: &Ingredients<'_>, root: &Path) -> Result<()> {
    let write = |path: &str, text: &str| {
        remove(&root.join(path))?;
        fs::write(root.join(path), text).with_context(|| format!("cannot write /{path}"))
    };
    write("usr/lib/os-release", &ingredients.identity.os_release())?;
    remove(&root.join("etc/os-release"))?;
    symlink("../usr/lib/os-release", root.join("etc/os-release"))?;
    write("etc/hostname", &format!("{}\n", ingredients.identity.id))?;
    // Empty: made at the first start, and bound to the state partition.
    write("etc/machine-id", "")?;
    remove(&root.join("etc/resolv.conf"))?;
    symlink(
        "../run/systemd/resolve/stub-resolv.conf",
        root.join("etc/resolv.conf"),
    )
    .context("cannot link /etc/resolv.conf")
}

/// What is bound at boot needs something to be bound on.
fn mount_points(root: &Path) -> Result<()> {
    for place in MOUNT_POINTS {
        fs::create_dir_all(root.join(place)).with_context(|| format!("cannot make /{place}"))?;
    }
    let list = root.join(&MUTABLE_PATHS_FILE[1..]);
    let text = fs::read_to_string(&list)
        .with_context(|| format!("the overlay has no {MUTABLE_PATHS_FILE}"))?;
    let paths = mutable::parse(&text).with_context(|| format!("{MUTABLE_PATHS_FILE} is wrong"))?;
    for path in paths {
        let place = root.join(path.relative());
        if fs::symlink_metadata(&place).is_ok() {
            continue;
        }
        let made = match path.kind() {
            MutableKind::Dir => fs::create_dir_all(&place),
            MutableKind::File => fs::write(&place, ""),
        };
        made.with_context(|| format!("cannot make {path}"))?;
    }
    Ok(())
}

/// Users, units and hardware database, by systemd's own tools.
fn configure(tools: &Tools, root: &Path) -> Result<()> {
    let inside = tools.inside(root);
    let with_root = |option: &str| format!("{option}={}", inside.display());
    tools
        .cmd("systemd-sysusers")
        .arg(with_root("--root"))
        .run()?;
    tools
        .cmd("systemctl")
        .arg(with_root("--root"))
        .args(["preset-all"])
        .run()
        .context("the preset of units cannot be applied")?;
    tools
        .cmd("systemctl")
        .arg(with_root("--root"))
        .args(["set-default", "multi-user.target"])
        .run()?;
    for backup in ["group-", "gshadow-", "passwd-", "shadow-", ".pwd.lock"] {
        remove(&root.join("etc").join(backup))?;
    }
    Ok(())
}

/// Lays the files of `overlay` over `root`, owned by root.
fn overlay(overlay: &Path, root: &Path) -> Result<()> {
    Cmd::new("cp")
        .args(["--recursive", "--no-dereference", "--preserve=mode,links"])
        .args(["--remove-destination", "--no-target-directory"])
        .args([overlay, root])
        .run()
        .context("cannot lay the overlay over the image")?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    Cmd::new("cp")
        .args(["--archive", "--reflink=auto", "--no-target-directory"])
        .args([from, to])
        .run()
        .with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

fn install(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let parent = to.parent().context("a file is placed in a folder")?;
    fs::create_dir_all(parent)
        .and_then(|()| fs::copy(from, to))
        .and_then(|_| fs::set_permissions(to, fs::Permissions::from_mode(mode)))
        .with_context(|| format!("cannot put {} into the image", from.display()))
}
