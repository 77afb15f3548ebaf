//! What must not be found anywhere but in its one place.

use super::sources::Source;

/// Something that only some files may contain.
struct Absence {
    /// The words, as the formatter writes them.
    needles: &'static [&'static str],
    /// Beginnings of the paths of files that may.
    allowed: &'static [&'static str],
    /// What is wrong elsewhere.
    rule: &'static str,
}

const ABSENCES: &[Absence] = &[
    Absence {
        needles: &["process::Command", "clippy::disallowed_methods"],
        allowed: &["host/src/command", "ci/src/tasks/tidy/"],
        rule: "only `host::command` starts programs",
    },
    Absence {
        needles: &[
            "unsafe {",
            "unsafe fn",
            "unsafe impl",
            "unsafe extern",
            "(unsafe_code",
        ],
        allowed: &[
            "host/src/ioctl",
            "host/src/block/ioctl",
            "appliance/hypervisor/src/libvirt/sys",
            "ci/src/tasks/tidy/",
        ],
        rule: "unsafe code lives only in host's ioctl module and in the hypervisor's one module",
    },
    Absence {
        needles: &["todo!(", "unimplemented!(", "dbg!("],
        allowed: &["ci/src/tasks/tidy/"],
        rule: "unfinished code does not enter",
    },
    Absence {
        needles: &["rusqlite::", "use rusqlite"],
        allowed: &["appliance/store/", "ci/src/tasks/tidy/"],
        rule: "only the store uses SQLite",
    },
    Absence {
        needles: &["use virt::", "virt::sys", "virt::connect"],
        allowed: &["appliance/hypervisor/", "ci/src/tasks/tidy/"],
        rule: "only the hypervisor crate uses libvirt",
    },
    Absence {
        needles: &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "SystemTime",
            "Instant::now",
            "async fn",
        ],
        allowed: &[
            "host/",
            "installer/",
            "updater/",
            "appliance/",
            "image/",
            "qemu-tests/",
            "ci/",
        ],
        rule: "`model` does no I/O, reads no clock and is not asynchronous",
    },
];

/// Names every line that breaks a rule. Tests may do what they test.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        for absence in ABSENCES {
            if absence
                .allowed
                .iter()
                .any(|allowed| source.path.starts_with(allowed))
            {
                continue;
            }
            for (index, line) in product_lines(&source.text) {
                if absence.needles.iter().any(|needle| line.contains(needle)) {
                    wrong.push(format!("{}:{}: {}", source.path, index + 1, absence.rule));
                }
            }
        }
    }
    wrong
}

/// The lines before a file's tests, without comments.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .enumerate()
        .map(|(index, line)| (index, line.split("//").next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Vec<Source> {
        vec![Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }]
    }

    #[test]
    fn a_program_started_elsewhere_is_named_with_its_line() {
        let text = "//! x\nfn f() {\n    std::process::Command::new(\"true\");\n}\n";
        let wrong = check(&source("installer/src/main.rs", text));
        assert_eq!(
            wrong,
            ["installer/src/main.rs:3: only `host::command` starts programs"]
        );
        assert!(check(&source("host/src/command/child.rs", text)).is_empty());
    }

    #[test]
    fn comments_and_tests_are_free() {
        let text = "// unsafe { is a word }\nfn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert!(check(&source("model/src/lib.rs", text)).is_empty());
    }

    #[test]
    fn the_pure_rules_touch_nothing() {
        assert_eq!(
            check(&source("model/src/lib.rs", "use std::fs;\n")).len(),
            1
        );
    }
}
