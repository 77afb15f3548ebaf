//! The list of the software in a release, CycloneDX 1.6 in JSON
//! (<https://cyclonedx.org/docs/1.6/json/>): Debian's packages out of the lock,
//! the product's crates, and the packages of its web interface.

mod crates;
mod web;

use std::path::Path;

use anyhow::Result;
use megh_model::release::Version;
use serde::Serialize;

use crate::lock::{Lock, Package};

/// Packages of the tools root whose files go into a release: loaders, and the
/// stub of the unified kernel image.
const SHIPPED_TOOLS: [&str; 3] = ["shim", "grub", "systemd-boot"];

/// Something that is in the release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Component {
    r#type: &'static str,
    name: String,
    version: String,
    /// See <https://github.com/package-url/purl-spec>; none for what is nowhere
    /// to be had but here.
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
}

/// A digest of a package as its publisher names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
}

#[derive(Serialize)]
struct Metadata {
    component: Product,
}

#[derive(Serialize)]
struct Product {
    r#type: &'static str,
    name: &'static str,
    version: String,
}

/// The list of a release made of the lock's packages and of the sources. It
/// depends on nothing else: two builds of the same have the same list.
pub fn of_image(lock: &Lock, suite: &str, sources: &Path, version: Version) -> Result<Vec<u8>> {
    let mut components = debian(lock, suite);
    components.extend(crates::of_product(sources)?);
    components.extend(web::of_interface(sources)?);
    bom(components, version)
}

fn bom(mut components: Vec<Component>, version: Version) -> Result<Vec<u8>> {
    components.sort();
    components.dedup();
    Ok(serde_json::to_vec_pretty(&Bom {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        version: 1,
        metadata: Metadata {
            component: Product {
                r#type: "operating-system",
                name: "MeghOS",
                version: version.to_string(),
            },
        },
        components,
    })?)
}

fn debian(lock: &Lock, suite: &str) -> Vec<Component> {
    let loaders = lock.tools().into_iter().filter(|package| {
        let name = &package.name;
        SHIPPED_TOOLS
            .iter()
            .any(|shipped| name.starts_with(shipped))
    });
    let mut packages = lock.image();
    packages.extend(lock.kernel());
    packages.extend(loaders);
    packages
        .into_iter()
        .map(|package| of_package(package, suite))
        .collect()
}

fn of_package(package: &Package, suite: &str) -> Component {
    let Package {
        name,
        version,
        arch,
        ..
    } = package;
    Component {
        r#type: "library",
        name: name.clone(),
        version: version.clone(),
        purl: Some(format!(
            "pkg:deb/debian/{}@{}?arch={arch}&distro={suite}",
            escape(name),
            escape(version)
        )),
        hashes: vec![Hash {
            alg: "SHA-256",
            content: package.sha256.clone(),
        }],
    }
}

/// Percent-encodes what package URLs give a meaning.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Archive;

    fn package(group: &str, name: &str) -> Package {
        Package {
            group: group.to_owned(),
            name: name.to_owned(),
            version: "1:2.0-1+b1".to_owned(),
            arch: "amd64".to_owned(),
            size: 1,
            sha256: "ab".repeat(32),
            archive: Archive::Debian,
            path: "pool/x.deb".to_owned(),
        }
    }

    #[test]
    fn what_is_shipped_is_listed_and_tools_are_not() {
        let lock = Lock {
            epoch: 0,
            packages: vec![
                package("system", "libstdc++6"),
                package(megh_model::recipe::TOOLS_GROUP, "gcc"),
                package(megh_model::recipe::TOOLS_GROUP, "shim-signed"),
            ],
        };
        let text = bom(debian(&lock, "trixie"), "1.2.3".parse().unwrap()).unwrap();
        let list: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(list["bomFormat"], "CycloneDX");
        assert_eq!(list["metadata"]["component"]["version"], "1.2.3");
        let names: Vec<&str> = list["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["libstdc++6", "shim-signed"]);
        assert_eq!(
            list["components"][0]["purl"],
            "pkg:deb/debian/libstdc%2B%2B6@1%3A2.0-1%2Bb1?arch=amd64&distro=trixie"
        );
    }

    #[test]
    fn the_products_own_sources_can_be_listed() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let names = |list: Vec<Component>| -> Vec<String> {
            list.into_iter().map(|component| component.name).collect()
        };
        let crates = names(crates::of_product(&sources).unwrap());
        assert!(crates.contains(&"meghd".to_owned()), "{crates:?}");
        assert!(crates.contains(&"openraft".to_owned()));
        assert!(
            !crates.contains(&"proptest".to_owned()),
            "used by tests only"
        );
        let web = names(web::of_interface(&sources).unwrap());
        assert!(web.contains(&"react".to_owned()), "{web:?}");
        assert!(
            !web.contains(&"typescript".to_owned()),
            "used for building only"
        );
    }
}
