//! Processor microcode in the form that the kernel looks for before all else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::files;
use crate::base::Base;
use crate::stage::remove;
use crate::tools::Tools;

/// Where packages put microcode, and which file the kernel wants it in.
const SOURCES: [(&str, &str); 2] = [
    ("usr/lib/firmware/intel-ucode", "GenuineIntel.bin"),
    ("usr/lib/firmware/amd-ucode", "AuthenticAMD.bin"),
];

/// Writes the uncompressed archive that is put before an initrd.
pub(super) fn write(tools: &Tools, base: &Base, archive: &Path) -> Result<()> {
    let tree = archive.with_extension("tree");
    for (source, name) in SOURCES {
        let joined = join(&base.root().join(source))?;
        files::write(&tree.join("kernel/x86/microcode").join(name), joined)?;
    }
    let names = "kernel\0kernel/x86\0kernel/x86/microcode\0\
                 kernel/x86/microcode/AuthenticAMD.bin\0kernel/x86/microcode/GenuineIntel.bin\0";
    set_times(tools, &tree)?;
    tools
        .cmd("cpio")
        .args([
            "--null",
            "--create",
            "--format=newc",
            "--reproducible",
            "--quiet",
        ])
        .args(["--owner=0:0", "--directory"])
        .arg(tools.inside(&tree))
        .stdin(names)
        .stdout_file(archive)
        .run()
        .context("the microcode cannot be packed")?;
    remove(&tree)
}

/// All microcode files of a folder, one after the other in the order of names.
fn join(folder: &Path) -> Result<Vec<u8>> {
    let context = || format!("cannot read the microcode in {}", folder.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(context)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .with_context(context)?;
    paths.retain(|path| !is_text(path));
    paths.sort();
    let mut joined = Vec::new();
    for path in &paths {
        joined.extend(fs::read(path).with_context(context)?);
    }
    ensure!(
        !joined.is_empty(),
        "there is no microcode in {}",
        folder.display()
    );
    Ok(joined)
}

/// Licences and signatures lie beside the microcode.
fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("asc" | "txt" | "initramfs"))
}

fn set_times(tools: &Tools, tree: &Path) -> Result<()> {
    tools
        .cmd("find")
        .arg(tools.inside(tree))
        .args(["-exec", "touch", "--no-dereference"])
        .arg(format!("--date=@{}", tools.epoch()))
        .args(["{}", "+"])
        .run()
        .context("the microcode cannot be dated")?;
    Ok(())
}
