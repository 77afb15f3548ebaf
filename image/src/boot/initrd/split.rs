//! The initrd as several archives, by what makes their files change: the
//! kernel, Debian's packages, or our own program. The kernel unpacks one after
//! the other. Compressed each on its own, those that did not change are the same
//! bytes in the next release, and are not fetched again.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};

/// Number of archives.
pub(super) const ARCHIVES: usize = 3;

/// Beginnings of the paths whose files go into the archives after the first;
/// the first has everything else, directories in particular.
const PREFIXES: [&str; ARCHIVES - 1] = ["usr/lib/modules/", "usr/lib/meghos/"];

const HEADER: usize = 110;
const TRAILER: &[u8] = b"TRAILER!!!";
/// Type bits of the mode, and those of a regular file.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Divides an uncompressed archive of the form `newc` (kernel documentation,
/// driver-api/early-userspace/buffer-format.rst).
pub(super) fn split(archive: &[u8]) -> Result<[Vec<u8>; ARCHIVES]> {
    let (entries, end) = entries(archive).context("the initrd's archive is damaged")?;
    let mut names = HashMap::new();
    for entry in &entries {
        *names.entry(entry.inode).or_insert(0) += 1;
    }
    let mut parts: [Vec<u8>; ARCHIVES] = Default::default();
    for entry in entries {
        // Names of one file stay together, where its content is. How many links
        // a file had where the archive was made says nothing.
        let number = if names[&entry.inode] == 1 {
            entry.archive()
        } else {
            0
        };
        parts[number].extend_from_slice(entry.bytes);
    }
    for part in &mut parts {
        part.extend_from_slice(end);
    }
    Ok(parts)
}

/// All files of an archive, and the entry that ends it.
fn entries(archive: &[u8]) -> Result<(Vec<Entry<'_>>, &[u8])> {
    let (mut entries, mut rest) = (Vec::new(), archive);
    loop {
        let entry = Entry::first(rest)?;
        rest = &rest[entry.bytes.len()..];
        if entry.name == TRAILER {
            return Ok((entries, entry.bytes));
        }
        entries.push(entry);
    }
}

/// One file of an archive.
struct Entry<'a> {
    inode: u32,
    mode: u32,
    name: &'a [u8],
    /// All of it, padding included.
    bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    fn first(archive: &'a [u8]) -> Result<Self> {
        let header = archive.get(..HEADER).context("it ends in a header")?;
        ensure!(header.starts_with(b"070701"), "a header is not one");
        let field = |number: usize| -> Result<u32> {
            let digits = &header[6 + 8 * number..14 + 8 * number];
            let digits = std::str::from_utf8(digits)?;
            Ok(u32::from_str_radix(digits, 16)?)
        };
        let (name_size, data_size) = (field(11)? as usize, field(6)? as usize);
        let data = (HEADER + name_size).next_multiple_of(4);
        let end = data + data_size.next_multiple_of(4);
        let bytes = archive.get(..end).context("it ends in a file")?;
        let name = bytes[HEADER..HEADER + name_size]
            .strip_suffix(b"\0")
            .context("a name has no end")?;
        Ok(Self {
            inode: field(0)?,
            mode: field(1)?,
            name,
            bytes,
        })
    }

    /// Which archive it goes into.
    fn archive(&self) -> usize {
        let regular = self.mode & TYPE == REGULAR;
        let mut prefixes = PREFIXES.iter();
        match prefixes.position(|prefix| self.name.starts_with(prefix.as_bytes())) {
            Some(number) if regular => number + 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(inode: u32, name: &str, mode: u32, data: &[u8]) -> Vec<u8> {
        let (names, size, links, zero) = (name.len() + 1, data.len(), 2, 0);
        let mut bytes = format!("070701{inode:08X}{mode:08X}{zero:08X}{zero:08X}").into_bytes();
        bytes.extend(format!("{links:08X}{zero:08X}{size:08X}{zero:08X}{zero:08X}").bytes());
        bytes.extend(format!("{zero:08X}{zero:08X}{names:08X}{zero:08X}").bytes());
        bytes.extend(name.bytes().chain([0]));
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn every_file_goes_where_it_belongs_once() {
        let end = entry(0, "TRAILER!!!", 0, b"");
        let packages = [
            entry(1, "usr/lib/modules", 0o040_755, b""),
            entry(2, "usr/lib/modules/6.12/", 0o040_755, b""),
            entry(3, "usr/bin/true", 0o100_755, b"true"),
            entry(4, "usr/lib/meghos/link", 0o120_777, b"megh-root"),
            entry(5, "usr/lib/modules/twice", 0o100_644, b""),
            entry(5, "usr/lib/modules/again", 0o100_644, b"twice"),
        ];
        let kernel = entry(6, "usr/lib/modules/6.12/erofs.ko", 0o100_644, b"ko");
        let ours = entry(7, "usr/lib/meghos/megh-root", 0o100_755, b"program");
        let mut archive = [packages[..2].concat(), kernel.clone(), ours.clone()].concat();
        archive.extend(packages[2..].concat());
        archive.extend(&end);
        archive.extend([0; 300]);
        let expected = [
            [packages.concat(), end.clone()].concat(),
            [kernel, end.clone()].concat(),
            [ours, end].concat(),
        ];
        assert_eq!(split(&archive).unwrap(), expected);
    }

    #[test]
    fn a_damaged_archive_is_an_error() {
        let whole = entry(1, "usr/bin/true", 0o100_755, b"true");
        for bad in [&whole[..], &whole[..whole.len() - 4], b"", b"07070"] {
            assert!(split(bad).is_err());
        }
    }
}
