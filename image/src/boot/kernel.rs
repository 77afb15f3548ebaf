//! The kernel with its initrd and command line: one file for UEFI, three for BIOS.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Ingredients, cmdline, files, inputs, microcode};
use crate::stage::{Stages, remove};
use crate::tools::Tools;

/// The results.
pub(super) struct Kernels {
    /// The unified kernel image, not yet signed.
    pub(super) uki: PathBuf,
    /// Microcode and initrd, for BIOS.
    pub(super) initrd: PathBuf,
    /// The command line, for BIOS.
    pub(super) slot_env: PathBuf,
}

pub(super) fn make(
    stages: &Stages,
    tools: &Tools,
    from: &Ingredients<'_>,
    initrd: &Path,
) -> Result<Kernels> {
    let line = cmdline::uefi(&from.root.verity);
    let key = inputs(tools, include_str!("kernel.rs"))
        .text("code", include_str!("microcode.rs"))
        .text("base", &from.base.key)
        .text("cmdline", &line)
        .text("identity", &from.identity.os_release())
        .file("initrd", initrd)?
        .key();
    let dir = stages.folder("kernel", &key, |dir| {
        let microcode = dir.join("microcode.cpio");
        microcode::write(tools, from.base, &microcode)?;
        join(&[&microcode, initrd], &dir.join("initrd"))?;
        files::write(&dir.join("slot.env"), cmdline::slot_env(&from.root.verity)?)?;
        files::write(&dir.join("os-release"), from.identity.os_release())?;
        unify(tools, from, initrd, &line, dir)?;
        remove(&microcode)
    })?;
    Ok(Kernels {
        uki: dir.join("uki.efi"),
        initrd: dir.join("initrd"),
        slot_env: dir.join("slot.env"),
    })
}

fn unify(
    tools: &Tools,
    from: &Ingredients<'_>,
    initrd: &Path,
    line: &str,
    dir: &Path,
) -> Result<()> {
    let inside = |option: &str, path: &Path| format!("--{option}={}", tools.inside(path).display());
    let os_release = tools.inside(&dir.join("os-release"));
    tools
        .cmd("ukify")
        .arg("build")
        .arg(inside("linux", &from.base.kernel()))
        .arg(inside("initrd", initrd))
        .arg(inside("microcode", &dir.join("microcode.cpio")))
        .arg(format!("--cmdline={line}"))
        .arg(format!("--os-release=@{}", os_release.display()))
        .arg(format!("--uname={}", from.base.kernel_release()?))
        .arg(inside("output", &dir.join("uki.efi")))
        .run()
        .context("the unified kernel image cannot be made")?;
    Ok(())
}

/// The kernel reads archives one after the other.
fn join(parts: &[&Path], whole: &Path) -> Result<()> {
    let mut out =
        fs::File::create(whole).with_context(|| format!("cannot write {}", whole.display()))?;
    for part in parts {
        fs::File::open(part)
            .and_then(|mut part| io::copy(&mut part, &mut out))
            .with_context(|| format!("cannot append {}", part.display()))?;
    }
    Ok(())
}
