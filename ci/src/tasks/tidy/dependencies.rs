//! Which of our crates may depend on which, and that all inherit the
//! workspace's versions and lints.

use std::fs;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::workspace::Workspace;

/// Every crate and those of ours that it may use. `appliance` does not link
/// installer or updater; the tests see the product only from outside.
const ALLOWED: &[(&str, &[&str])] = &[
    ("megh-model", &[]),
    ("megh-host", &["megh-model"]),
    ("megh-install", &["megh-model", "megh-host"]),
    ("megh-updater", &["megh-model", "megh-host"]),
    ("megh-image", &["megh-model", "megh-host"]),
    ("megh-api-types", &["megh-model"]),
    ("megh-hypervisor", &["megh-model", "megh-host"]),
    ("megh-storage", &["megh-model", "megh-host"]),
    ("megh-store", &["megh-model"]),
    (
        "meghd",
        &[
            "megh-model",
            "megh-host",
            "megh-api-types",
            "megh-hypervisor",
            "megh-storage",
            "megh-store",
        ],
    ),
    ("megh-cli", &["megh-model", "megh-api-types"]),
    (
        "megh-qemu-tests",
        &["megh-model", "megh-host", "megh-api-types"],
    ),
    ("megh-ci", &["megh-host"]),
];

/// Names every breach.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for member in workspace.members()? {
        let path = format!("{member}/Cargo.toml");
        let text = fs::read_to_string(workspace.root().join(&path))
            .with_context(|| format!("reading {path}"))?;
        let manifest: Table = toml::from_str(&text).with_context(|| format!("reading {path}"))?;
        wrong.extend(
            check_manifest(&manifest)
                .into_iter()
                .map(|what| format!("{path}: {what}")),
        );
    }
    Ok(wrong)
}

fn check_manifest(manifest: &Table) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |table: &str, key: &str| manifest.get(table).and_then(|table| table.get(key));
    let name = text("package", "name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if text("lints", "workspace").and_then(Value::as_bool) != Some(true) {
        wrong.push("does not inherit the workspace's lints".to_owned());
    }
    for key in ["version", "edition", "rust-version", "license"] {
        if !inherits(text("package", key)) {
            wrong.push(format!("does not inherit `{key}`"));
        }
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(member, _)| *member == name) else {
        wrong.push(format!("`{name}` has no place in the order of crates"));
        return wrong;
    };
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(dependencies) = manifest.get(table).and_then(Value::as_table) else {
            continue;
        };
        for (dependency, form) in dependencies {
            if !inherits(Some(form)) {
                wrong.push(format!(
                    "`{dependency}` does not take the workspace's version"
                ));
            }
            let ours = dependency.starts_with("megh-") && dependency != name;
            let for_tests = table == "dev-dependencies" && dependency == "megh-host";
            if ours && !for_tests && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("`{name}` must not depend on `{dependency}`"));
            }
        }
    }
    wrong
}

fn inherits(value: Option<&Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[package]\nname = \"megh-model\"\nversion.workspace = true\n\
        edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
        [lints]\nworkspace = true\n[dependencies]\n";

    fn breaches(dependencies: &str) -> Vec<String> {
        check_manifest(&toml::from_str(&format!("{HEAD}{dependencies}")).expect("valid TOML"))
    }

    #[test]
    fn a_dependency_against_the_order_is_named() {
        assert!(breaches("serde.workspace = true").is_empty());
        assert_eq!(
            breaches("megh-host.workspace = true"),
            ["`megh-model` must not depend on `megh-host`"]
        );
    }

    #[test]
    fn a_version_of_its_own_is_named() {
        assert_eq!(
            breaches("serde = \"1\""),
            ["`serde` does not take the workspace's version"]
        );
    }
}
