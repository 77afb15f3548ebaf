//! The kernel command line.

use std::fs;

use megh_model::boot::{CMDLINE_BOOT_PARTITION, CMDLINE_HASH_OFFSET, CMDLINE_ROOT_HASH};
use megh_model::verity::RootHash;
use uuid::Uuid;

use super::{Places, RootError};

/// How to open the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VerityTarget {
    pub(super) root_hash: RootHash,
    pub(super) hash_offset: u64,
}

/// What the command line says to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cmdline {
    pub(super) verity: VerityTarget,
    pub(super) boot_partition: Option<Uuid>,
}

impl Cmdline {
    pub(super) fn read(places: &Places) -> Result<Self, RootError> {
        let path = places.path("/proc/cmdline");
        let text = fs::read_to_string(&path).map_err(RootError::file("read", path))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, RootError> {
        let root_hash = required(text, CMDLINE_ROOT_HASH)?;
        let hash_offset = required(text, CMDLINE_HASH_OFFSET)?;
        let boot_partition = optional(text, CMDLINE_BOOT_PARTITION)?;
        let verity = VerityTarget {
            root_hash,
            hash_offset,
        };
        Ok(Self {
            verity,
            boot_partition,
        })
    }
}

fn required<T>(text: &str, key: &'static str) -> Result<T, RootError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let why = || "it is not there".to_owned();
    optional(text, key)?.ok_or_else(|| RootError::Cmdline { key, why: why() })
}

/// The value of a key, which must not be given twice.
fn optional<T>(text: &str, key: &'static str) -> Result<Option<T>, RootError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let fail = |why| RootError::Cmdline { key, why };
    let value = |word: &'_ str| Some(word.strip_prefix(key)?.strip_prefix('=')?.to_owned());
    let mut values = text.split_ascii_whitespace().filter_map(value);
    let first = values.next();
    if values.next().is_some() {
        return Err(fail("it is given twice".to_owned()));
    }
    let parse = |text: String| {
        text.parse()
            .map_err(|error: T::Err| fail(error.to_string()))
    };
    first.map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn keys_are_read_among_others() {
        let line =
            format!("quiet megh.roothash={HASH} x.megh.boot=1 megh.hashoffset=4096 panic=5\n");
        let cmdline = Cmdline::parse(&line).unwrap();
        assert_eq!(cmdline.verity.root_hash.to_string(), HASH);
        assert_eq!(cmdline.verity.hash_offset, 4096);
        assert_eq!(cmdline.boot_partition, None);
        let uuid = "6D656768-6F73-4001-8001-626F6F740000";
        let cmdline = Cmdline::parse(&format!("{line} megh.boot={uuid}")).unwrap();
        assert_eq!(cmdline.boot_partition, uuid.parse().ok());
    }

    #[test]
    fn absent_repeated_and_senseless_keys_are_named() {
        let good = format!("megh.roothash={HASH} megh.hashoffset=4096");
        for (line, key) in [
            ("", "megh.roothash"),
            ("megh.roothash=00 megh.hashoffset=1", "megh.roothash"),
            (&good.replace("=4096", "=-1"), "megh.hashoffset"),
            (&format!("{good} megh.hashoffset=8192"), "megh.hashoffset"),
            (&format!("{good} megh.boot=sda4"), "megh.boot"),
        ] {
            let refusal = Cmdline::parse(line);
            assert!(
                matches!(&refusal, Err(RootError::Cmdline { key: found, .. }) if *found == key),
                "{line}: {refusal:?}"
            );
        }
    }
}
