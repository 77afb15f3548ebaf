//! Removing what the recipe leaves out, and what differs between two builds.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::stage::remove;

/// Caches, logs and leftovers of installing: of no use in the image, and not
/// the same in two builds.
const LEFTOVERS: [&str; 18] = [
    "/dev/*",
    "/etc/.pwd.lock",
    "/etc/apt/sources.list",
    "/etc/group-",
    "/etc/gshadow-",
    "/etc/machine-id",
    "/etc/passwd-",
    "/etc/shadow-",
    "/etc/subgid-",
    "/etc/subuid-",
    "/usr/lib/python3*/*/__pycache__",
    "/var/cache/*",
    "/var/lib/apt/*",
    "/var/lib/dbus/machine-id",
    "/var/lib/dpkg/*-old",
    "/var/lib/systemd/catalog/database",
    "/var/log/*.log",
    "/var/log/apt",
];

/// Removes leftovers and everything that `patterns` match. A pattern that
/// matches nothing is an error: it has outlived what it was written for.
pub(super) fn strip(root: &Path, patterns: &[String]) -> Result<()> {
    for pattern in LEFTOVERS {
        for path in matches(root, pattern)? {
            remove(&path)?;
        }
    }
    for pattern in patterns {
        let found = matches(root, pattern)?;
        ensure!(
            !found.is_empty(),
            "strip.paths: `{pattern}` matches nothing"
        );
        for path in found {
            remove(&path)?;
        }
    }
    Ok(())
}

/// The paths below `root` that a pattern matches, links not followed.
fn matches(root: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let mut found = vec![root.to_owned()];
    for name in pattern.trim_start_matches('/').split('/') {
        let mut next = Vec::new();
        for dir in &found {
            let entries = children(dir, name)
                .with_context(|| format!("cannot look for {pattern} in {}", dir.display()))?;
            next.extend(entries);
        }
        found = next;
    }
    Ok(found)
}

/// The entries of `dir` whose names match, if it is a folder at all.
fn children(dir: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    if !fs::symlink_metadata(dir)?.is_dir() {
        return Ok(Vec::new());
    }
    if !pattern.contains('*') {
        let path = dir.join(pattern);
        let there = fs::symlink_metadata(&path).is_ok();
        return Ok(there.then_some(path).into_iter().collect());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if name_matches(pattern, &entry.file_name()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a name has the pattern's pieces in their order, the first at its
/// beginning and the last at its end.
fn name_matches(pattern: &str, name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match left.find(piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in paths {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*", "anything", true),
            ("lib*.so", "libc.so", true),
            ("lib*.so", "libc.so.6", false),
            ("*-old", "status-old", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(
                name_matches(pattern, OsStr::new(name)),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn what_matches_goes_and_the_rest_stays() {
        let root = tree(&["usr/share/x/a", "usr/share/y/a", "usr/lib/a"]);
        strip(root.path(), &["/usr/share/*/a".to_owned()]).unwrap();
        assert!(!root.path().join("usr/share/x/a").exists());
        assert!(root.path().join("usr/share/y").exists());
        assert!(root.path().join("usr/lib/a").exists());
    }

    #[test]
    fn a_pattern_that_outlived_its_purpose_is_an_error() {
        let root = tree(&["usr/share/x"]);
        let error = strip(root.path(), &["/usr/share/z*".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("/usr/share/z*"));
    }

    #[test]
    fn links_are_not_followed_out_of_the_root() {
        let outside = tree(&["kept"]);
        let root = tree(&["usr/share/x"]);
        std::os::unix::fs::symlink(outside.path(), root.path().join("usr/link")).unwrap();
        assert!(strip(root.path(), &["/usr/link/kept".to_owned()]).is_err());
        assert!(outside.path().join("kept").exists());
    }
}
