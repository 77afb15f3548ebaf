//! The sites that `cargo ci releases` has made.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Lab;
use crate::site::{Manners, Site};

/// What a site offers in the channel that machines follow when nothing is said.
const INDEX: &str = "stable.json";

/// The folder of a site that `cargo ci releases` made.
pub fn site_folder(lab: &Lab, name: &str) -> Result<PathBuf> {
    let folder = lab.release()?.out().join("sites").join(name);
    ensure!(
        folder.join(INDEX).is_file(),
        "there is no site in {}: run `cargo ci releases --all`",
        folder.display()
    );
    Ok(folder)
}

/// The one version that a site offers.
pub fn site_version(lab: &Lab, name: &str) -> Result<String> {
    let index = site_index(lab, name)?;
    let version = index["releases"][0]["version"].as_str();
    Ok(version.context("the index lists nothing")?.to_owned())
}

/// When a site's index was issued, seconds since 1970.
pub(crate) fn site_issued(lab: &Lab, name: &str) -> Result<u64> {
    let issued = site_index(lab, name)?["issued"].as_u64();
    issued.context("the index does not say when it was issued")
}

fn site_index(lab: &Lab, name: &str) -> Result<Value> {
    let path = site_folder(lab, name)?.join(INDEX);
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}

/// A site that `cargo ci releases` made, served.
pub fn site(lab: &Lab, name: &str) -> Result<Site> {
    Site::serve(&site_folder(lab, name)?, Manners::Honest)
}
