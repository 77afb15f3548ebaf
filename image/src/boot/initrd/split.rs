//! The initrd as several archives, by what makes their files change: the
//! kernel, Debian's packages, or our own program. The kernel unpacks one after
//! the other. Compressed each on its own, those that did not change are the same
//! bytes in the next release, and are not fetched again.

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
    let mut parts: [Vec<u8>; ARCHIVES] = Default::default();
    let mut rest = archive;
    loop {
        let entry = Entry::first(rest).context("the initrd's archive is damaged")?;
        rest = &rest[entry.bytes.len()..];
        if entry.name == TRAILER {
            for part in &mut parts {
                part.extend_from_slice(entry.bytes);
            }
            return Ok(parts);
        }
        parts[entry.archive()].extend_from_slice(entry.bytes);
    }
}

/// One file of an archive.
struct Entry<'a> {
    mode: u32,
    links: u32,
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
            mode: field(1)?,
            links: field(4)?,
            name,
            bytes,
        })
    }

    /// Which archive it goes into. Names of one file stay together.
    fn archive(&self) -> usize {
        let movable = self.mode & TYPE == REGULAR && self.links == 1;
        let named = |prefix: &&str| self.name.starts_with(prefix.as_bytes());
        match PREFIXES.iter().position(named) {
            Some(number) if movable => number + 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, mode: u32, links: u32, data: &[u8]) -> Vec<u8> {
        let (names, size) = (name.len() + 1, data.len());
        let mut bytes = format!(
            "070701{:08X}{mode:08X}{:08X}{:08X}{links:08X}{:08X}{size:08X}{:08X}{:08X}{:08X}{:08X}{names:08X}{:08X}",
            1, 0, 0, 0, 0, 0, 0, 0, 0
        )
        .into_bytes();
        bytes.extend(name.bytes().chain([0]));
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn every_file_goes_where_it_belongs_once() {
        let end = entry("TRAILER!!!", 0, 1, b"");
        let packages = [
            entry("usr/lib/modules", 0o040_755, 2, b""),
            entry("usr/lib/modules/6.12/", 0o040_755, 2, b""),
            entry("usr/bin/true", 0o100_755, 1, b"true"),
            entry("usr/lib/meghos/link", 0o120_777, 1, b"megh-root"),
            entry("usr/lib/modules/twice", 0o100_644, 2, b"twice"),
        ];
        let kernel = entry("usr/lib/modules/6.12/erofs.ko", 0o100_644, 1, b"ko");
        let ours = entry("usr/lib/meghos/megh-root", 0o100_755, 1, b"program");
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
        let whole = entry("usr/bin/true", 0o100_755, 1, b"true");
        for bad in [&whole[..], &whole[..whole.len() - 4], b"", b"07070"] {
            assert!(split(bad).is_err());
        }
    }
}
