//! Texts in documents that become names of files, or digests.

use super::{MANIFEST_FILE, SIGNATURE_FILE};

/// Longest directory of a release, in bytes.
const MAX_DIRECTORY: usize = 128;

/// 64 lower-case hex digits.
pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A plain name: no path, nothing hidden, nothing a shell or FAT would read
/// differently, and not the manifest itself.
pub(super) fn is_file_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_plain(name) && lower != MANIFEST_FILE && lower != SIGNATURE_FILE
}

/// A directory below the one of the index: plain names with `/` between them.
pub(super) fn is_directory(path: &str) -> bool {
    path.len() <= MAX_DIRECTORY && path.split('/').all(is_plain)
}

fn is_plain(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_directory() {
        for good in ["1.2.3", "releases/1.2.3", "a/b/c"] {
            assert!(is_directory(good), "{good}");
        }
        let long = "a/".repeat(64) + "a";
        let bad = [
            "",
            "/",
            "/1.2.3",
            "1.2.3/",
            "..",
            "a/../b",
            "a//b",
            ".",
            "./a",
            "a\\b",
            "a b",
            "é",
            "C:",
            "a?b",
            "%2e%2e",
            long.as_str(),
        ];
        for bad in bad {
            assert!(!is_directory(bad), "{bad}");
        }
        assert!(is_file_name("uki.efi") && !is_file_name("a/b") && !is_file_name("MANIFEST.json"));
    }
}
