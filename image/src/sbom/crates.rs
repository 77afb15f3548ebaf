//! The crates of the product's programs, as cargo resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use serde::Deserialize;

use super::{Component, Hash, escape};
use crate::product::{PROGRAMS, TARGET};

/// The answer of `cargo metadata`, as far as it is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

/// `null` for ordinary dependencies, else `build` or `dev`.
#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

#[derive(Deserialize)]
struct CargoLock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// Every crate that is compiled into a program of the product, or that takes
/// part in compiling it; what only tests use is left out.
pub(super) fn of_product(sources: &Path) -> Result<Vec<Component>> {
    let text = Cmd::new("cargo")
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", TARGET])
        .cwd(sources)
        .stdout()
        .context("cargo cannot say which crates there are")?;
    let metadata: Metadata =
        serde_json::from_str(&text).context("cargo's list of crates cannot be read")?;
    let checksums = checksums(sources)?;
    let used = reachable(&metadata);
    let used = metadata
        .packages
        .iter()
        .filter(|p| used.contains(p.id.as_str()));
    Ok(used.map(|package| component(package, &checksums)).collect())
}

fn reachable(metadata: &Metadata) -> BTreeSet<&str> {
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node))
        .collect();
    let is_ours = |name: &str| PROGRAMS.iter().any(|program| program.package == name);
    let mut open: Vec<&str> = metadata
        .packages
        .iter()
        .filter(|package| is_ours(&package.name))
        .map(|package| package.id.as_str())
        .collect();
    let mut used = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !used.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).map_or(&[][..], |node| &node.deps);
        let needed = |d: &&Dependency| d.dep_kinds.iter().any(|k| k.kind.as_deref() != Some("dev"));
        open.extend(dependencies.iter().filter(needed).map(|d| d.pkg.as_str()));
    }
    used
}

type Checksums = BTreeMap<(String, String), String>;

fn checksums(sources: &Path) -> Result<Checksums> {
    let path = sources.join("Cargo.lock");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lock: CargoLock =
        toml::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))?;
    let known = lock.package.into_iter();
    Ok(known
        .filter_map(|p| Some(((p.name, p.version), p.checksum?)))
        .collect())
}

fn component(package: &Package, checksums: &Checksums) -> Component {
    let Package { name, version, .. } = package;
    let checksum = checksums.get(&(name.clone(), version.clone()));
    Component {
        r#type: "library",
        name: name.clone(),
        version: version.clone(),
        // Without a checksum it is one of the product's own.
        purl: checksum.map(|_| format!("pkg:cargo/{}@{}", escape(name), escape(version))),
        hashes: checksum
            .map(|content| Hash {
                alg: "SHA-256",
                content: content.clone(),
            })
            .into_iter()
            .collect(),
    }
}
