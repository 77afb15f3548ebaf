//! Initial RAM disks: the "newc" form of cpio, which the kernel unpacks.

/// A file of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its path, without a leading slash.
    pub path: &'a str,
    /// Type and permissions, as in `st_mode`.
    pub mode: u32,
    /// Its content; empty for a folder.
    pub content: &'a [u8],
}

/// `st_mode` of a program.
pub const PROGRAM: u32 = 0o100_755;
/// `st_mode` of a folder.
pub const FOLDER: u32 = 0o040_755;

const TRAILER: Entry<'_> = Entry {
    path: "TRAILER!!!",
    mode: 0,
    content: b"",
};

/// The archive of these entries, in their order; folders come before what is in them.
pub fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (inode, entry) in entries.iter().chain([&TRAILER]).enumerate() {
        append(&mut bytes, inode, entry);
    }
    bytes
}

fn append(bytes: &mut Vec<u8>, inode: usize, entry: &Entry<'_>) {
    let (mode, size, name) = (entry.mode, entry.content.len(), entry.path.len() + 1);
    // Inode, mode, user, group, links, time, size, device and its kind twice, name, checksum.
    let fields = [
        inode + 1,
        mode as usize,
        0,
        0,
        1,
        0,
        size,
        0,
        0,
        0,
        0,
        name,
        0,
    ];
    bytes.extend_from_slice(b"070701");
    for field in fields {
        bytes.extend_from_slice(format!("{field:08x}").as_bytes());
    }
    bytes.extend_from_slice(entry.path.as_bytes());
    bytes.push(0);
    pad(bytes);
    bytes.extend_from_slice(entry.content);
    pad(bytes);
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use megh_host::command::Cmd;

    use super::*;

    #[test]
    fn another_program_reads_what_is_archived() {
        let bytes = archive(&[
            Entry {
                path: "bin",
                mode: FOLDER,
                content: b"",
            },
            Entry {
                path: "bin/hello",
                mode: PROGRAM,
                content: b"#!/bin/sh\n",
            },
        ]);
        let list = Cmd::new("busybox")
            .args(["cpio", "-t"])
            .stdin(bytes)
            .stdout();
        assert_eq!(list.expect("busybox lists it"), "bin\nbin/hello");
    }
}
