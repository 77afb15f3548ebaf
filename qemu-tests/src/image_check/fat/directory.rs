//! Entries of folders, with their long names.

use std::ops::Range;

/// Bytes of an entry.
pub(super) const ENTRY: usize = 32;
const LONG_NAME: u8 = 0x0f;
const VOLUME_LABEL: u8 = 0x08;
const DIRECTORY: u8 = 0x10;
const DELETED: u8 = 0xe5;

/// A file or folder.
#[derive(Debug, Clone)]
pub struct FatEntry {
    /// Its name, long if it has a long one.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Its length in bytes; 0 for folders.
    pub size: u64,
    pub(super) first: u32,
}

/// The files and folders of a folder's bytes.
pub(super) fn entries_of(bytes: &[u8]) -> Vec<FatEntry> {
    let mut found = Vec::new();
    let mut long = Vec::new();
    for entry in bytes.chunks_exact(ENTRY) {
        match (entry[0], entry[11]) {
            (0, _) => break,
            (DELETED, _) => long.clear(),
            (_, LONG_NAME) => long.push(long_units(entry)),
            (_, attributes) if attributes & VOLUME_LABEL != 0 => long.clear(),
            (b'.', _) => long.clear(),
            (_, attributes) => {
                let name = long_name(&long).unwrap_or_else(|| short_name(entry));
                long.clear();
                found.push(FatEntry {
                    name,
                    is_folder: attributes & DIRECTORY != 0,
                    size: u64::from(u32::from_le_bytes(
                        entry[28..32].try_into().expect("four bytes"),
                    )),
                    first: u32::from(u16::from_le_bytes([entry[26], entry[27]]))
                        | u32::from(u16::from_le_bytes([entry[20], entry[21]])) << 16,
                });
            }
        }
    }
    found
}

fn long_units(entry: &[u8]) -> Vec<u16> {
    [1..11, 14..26, 28..32]
        .into_iter()
        .flat_map(|range| entry[range].chunks_exact(2))
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// The pieces lie in reverse order before the entry that they name.
fn long_name(pieces: &[Vec<u16>]) -> Option<String> {
    let units = pieces.iter().rev().flatten().copied();
    let text: String = char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|unit| unit.unwrap_or('\u{fffd}'))
        .collect();
    (!text.is_empty()).then_some(text)
}

fn short_name(entry: &[u8]) -> String {
    let text = |range: Range<usize>| {
        String::from_utf8_lossy(&entry[range])
            .trim_end()
            .to_ascii_lowercase()
    };
    let (stem, extension) = (text(0..8), text(8..11));
    if extension.is_empty() {
        stem
    } else {
        format!("{stem}.{extension}")
    }
}
