//! The packages of the web interface, as npm's lock has them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Component, escape};

/// `package-lock.json`, as far as it is needed.
#[derive(Deserialize)]
struct NpmLock {
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    version: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default, rename = "devOptional")]
    dev_optional: bool,
}

/// What the built interface is made of; what only builds and tests it is left out.
pub(super) fn of_interface(sources: &Path) -> Result<Vec<Component>> {
    let path = sources.join("web/package-lock.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lock: NpmLock = serde_json::from_str(&text)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(lock
        .packages
        .iter()
        .filter(|(_, locked)| !locked.dev && !locked.dev_optional)
        .filter_map(|(place, locked)| {
            let (_, name) = place.rsplit_once("node_modules/")?;
            let version = locked.version.as_deref()?;
            Some(component(name, version))
        })
        .collect())
}

/// A scope (`@mantine/core`) is the namespace of the package's URL.
fn component(name: &str, version: &str) -> Component {
    let path: Vec<String> = name.split('/').map(escape).collect();
    Component {
        r#type: "library",
        name: name.to_owned(),
        version: version.to_owned(),
        purl: Some(format!("pkg:npm/{}@{}", path.join("/"), escape(version))),
        hashes: Vec::new(),
    }
}
