//! Files laid over the initrd: a second archive behind the first. The kernel
//! unpacks one after the other, and the later file wins.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use super::{files, inputs};
use crate::stage::{Stages, remove};
use crate::tools::Tools;

/// Archives begin at multiples of this many bytes.
const ALIGNMENT: u64 = 4;

/// `initrd` with the files of `overlay` over its own.
pub(in super::super) fn make(
    stages: &Stages,
    tools: &Tools,
    initrd: &Path,
    overlay: &Path,
) -> Result<PathBuf> {
    let key = inputs(tools, include_str!("overlay.rs"))
        .file("initrd", initrd)?
        .folder("overlay", overlay)?
        .key();
    let dir = stages.folder("initrd-variant", &key, |dir| {
        let copy = dir.join("files");
        Cmd::new("cp")
            .args(["--recursive", "--no-dereference", "--preserve=mode,links"])
            .args([overlay, &copy])
            .run()
            .context("the variant's files cannot be copied")?;
        let archive = dir.join("overlay.cpio");
        pack(tools, &copy, &archive)?;
        let whole = dir.join("initrd");
        files::copy(initrd, &whole, 0o644)?;
        append(&whole, &archive)
            .with_context(|| format!("cannot append to {}", whole.display()))?;
        remove(&copy)?;
        remove(&archive)
    })?;
    Ok(dir.join("initrd"))
}

fn pack(tools: &Tools, folder: &Path, archive: &Path) -> Result<()> {
    let names: String = names(folder, Path::new("."))
        .with_context(|| format!("cannot list {}", folder.display()))?
        .concat();
    tools
        .cmd("cpio")
        .args(["--create", "--quiet", "--null", "--reproducible"])
        .args(["--format=newc", "--owner=0:0", "--directory"])
        .arg(tools.inside(folder))
        .stdin(names)
        .stdout_file(archive)
        .run()
        .context("the variant's files cannot be packed")?;
    Ok(())
}

/// Every path below `folder` in order, folders before what they hold, each
/// ended by a zero byte.
fn names(folder: &Path, prefix: &Path) -> io::Result<Vec<String>> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let name = prefix.join(entry.file_name());
        found.push(format!("{}\0", name.display()));
        if entry.file_type()?.is_dir() {
            found.extend(names(&entry.path(), &name)?);
        }
    }
    Ok(found)
}

fn append(whole: &Path, archive: &Path) -> io::Result<()> {
    let length = fs::metadata(whole)?.len();
    let mut file = OpenOptions::new().append(true).open(whole)?;
    let gap = length.next_multiple_of(ALIGNMENT) - length;
    file.write_all(&[0; ALIGNMENT as usize][..gap as usize])?;
    io::copy(&mut fs::File::open(archive)?, &mut file).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_before_what_they_hold() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("b/c")).unwrap();
        fs::write(dir.path().join("b/c/d"), "").unwrap();
        fs::write(dir.path().join("a"), "").unwrap();
        let names = names(dir.path(), Path::new(".")).unwrap();
        assert_eq!(names, ["./a\0", "./b\0", "./b/c\0", "./b/c/d\0"]);
    }

    #[test]
    fn the_second_archive_is_aligned() {
        let dir = tempfile::tempdir().unwrap();
        let (whole, archive) = (dir.path().join("whole"), dir.path().join("archive"));
        fs::write(&whole, "12345").unwrap();
        fs::write(&archive, "0707").unwrap();
        append(&whole, &archive).unwrap();
        assert_eq!(fs::read(&whole).unwrap(), b"12345\0\0\x000707");
    }
}
