//! The appliances that somebody is connected to.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The file with the appliances; only its owner can read it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    /// The one used when none is named.
    current: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// An appliance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Where it is, without a slash at the end.
    pub url: String,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// The secret of the session.
    pub session: Option<String>,
}

/// The file itself.
#[derive(Debug)]
pub(crate) struct ProfileFile {
    path: PathBuf,
    /// What is in it.
    pub profiles: Profiles,
}

impl ProfileFile {
    /// Reads the file; one that is absent is empty.
    pub(crate) fn load() -> Result<Self> {
        Self::load_from(path()?)
    }

    fn load_from(path: PathBuf) -> Result<Self> {
        let profiles = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .with_context(|| format!("cannot understand {}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Profiles::default(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Ok(Self { path, profiles })
    }

    /// Replaces the file in one move.
    pub(crate) fn save(&self) -> Result<()> {
        self.write()
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn write(&self) -> Result<()> {
        if let Some(parent) = self.path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(parent)?;
        }
        let new = self.path.with_extension("new");
        let _ = fs::remove_file(&new);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(toml::to_string(&self.profiles)?.as_bytes())?;
        file.sync_all()?;
        Ok(fs::rename(&new, &self.path)?)
    }
}

impl Profiles {
    /// The appliance of this name, or the current one, with its name.
    pub(crate) fn get(&self, name: Option<&str>) -> Result<(String, Profile), Failure> {
        let absent = || Failure::NotConnected(name.map(str::to_owned));
        let name = name.or(self.current.as_deref()).ok_or_else(absent)?;
        let profile = self.profile.get(name).ok_or_else(absent)?;
        Ok((name.to_owned(), profile.clone()))
    }

    /// Remembers an appliance and makes it the current one.
    pub(crate) fn set(&mut self, name: &str, profile: Profile) {
        self.profile.insert(name.to_owned(), profile);
        self.current = Some(name.to_owned());
    }
}

fn path() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("MEGH_CONFIG") {
        return Ok(path.into());
    }
    let config = match std::env::var_os("XDG_CONFIG_HOME") {
        Some(directory) => PathBuf::from(directory),
        None => Path::new(&std::env::var_os("HOME").context("$HOME is not set")?).join(".config"),
    };
    Ok(config.join("megh/config.toml"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn profiles_are_kept_in_a_file_of_their_owner() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("megh/config.toml");
        let mut file = ProfileFile::load_from(path.clone()).expect("empty");
        assert!(file.profiles.get(None).is_err());
        let profile = |url: &str| Profile {
            url: url.into(),
            fingerprint: "00".into(),
            session: None,
        };
        file.profiles.set("one", profile("https://one"));
        file.profiles.set("two", profile("https://two"));
        file.save().expect("written");
        assert_eq!(
            fs::metadata(&path).expect("a file").permissions().mode() & 0o777,
            0o600
        );
        let again = ProfileFile::load_from(path).expect("read").profiles;
        assert_eq!(again.get(None).expect("the last one").1.url, "https://two");
        assert_eq!(
            again.get(Some("one")).expect("by name").1.url,
            "https://one"
        );
        assert!(again.get(Some("three")).is_err());
    }
}
