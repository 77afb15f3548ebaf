//! Paths within a source.

use super::FetchError;

/// Longest path, bytes.
const MAX: usize = 512;

/// Checks that `path` is made of plain names, so that it means the same in an
/// address and in a directory and leads nowhere else in either.
pub(super) fn check(path: &str) -> Result<&str, FetchError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let name = |name: &str| !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain);
    if path.len() <= MAX && path.split('/').all(name) {
        Ok(path)
    } else {
        Err(FetchError::Path(path.escape_default().take(MAX).collect()))
    }
}

/// A file within a directory of a source; the empty directory is the source itself.
pub(super) fn join(dir: &str, file: &str) -> String {
    match dir {
        "" => file.to_owned(),
        dir => format!("{dir}/{file}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_paths() {
        for good in ["manifest.json", "0.2.0/root.img", "a/b_c/d-e.f"] {
            assert_eq!(check(good).unwrap(), good);
        }
        let long = "a".repeat(MAX + 1);
        for bad in [
            "",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            ".hidden",
            "a/.b",
            "a b",
            "a%2e",
            "a?b",
            "a#b",
            "a\\b",
            "ä",
            "a\0",
            &long,
        ] {
            assert_eq!(check(bad).unwrap_err().code(), "bad-path", "{bad:?}");
        }
    }

    #[test]
    fn joining_keeps_the_root_plain() {
        assert_eq!(join("", "root.img"), "root.img");
        assert_eq!(join("0.2.0", "root.img"), "0.2.0/root.img");
    }
}
