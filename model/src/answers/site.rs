//! What the installer leaves on the state partition for the machine to come.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::Name;

const SCHEMA: u32 = 1;

/// The installed machine's own facts, written once by the installer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// Version of this document's form; 1.
    schema: u32,
    /// The machine's name on the network.
    pub host_name: Name,
    /// The volume group of the pool.
    pub volume_group: VolumeGroup,
}

/// Why a text is not a [`SiteConfig`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// Not TOML of the expected form.
    #[error("{0}")]
    Form(String),
    /// Written by a newer version.
    #[error("schema is {0}, and this version reads 1")]
    Schema(u32),
}

impl SiteConfig {
    /// The facts of a new machine.
    pub const fn new(host_name: Name, volume_group: VolumeGroup) -> Self {
        Self {
            schema: SCHEMA,
            host_name,
            volume_group,
        }
    }

    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, SiteError> {
        let site: Self = toml::from_str(text)
            .map_err(|error| SiteError::Form(error.to_string().trim_end().to_owned()))?;
        match site.schema {
            SCHEMA => Ok(site),
            other => Err(SiteError::Schema(other)),
        }
    }

    /// The file's text.
    pub fn to_toml(&self) -> String {
        format!(
            "schema = {}\nhost_name = \"{}\"\nvolume_group = \"{}\"\n",
            self.schema,
            self.host_name.as_str(),
            self.volume_group
        )
    }
}

/// The name of a machine's volume group: `megh-` and eight random hex digits,
/// so that disks of two machines can be in one without a clash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VolumeGroup(String);

/// Why a text is not a [`VolumeGroup`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not `megh-` and eight lower-case hex digits")]
pub struct ParseVolumeGroupError(String);

impl VolumeGroup {
    /// The thin pool's logical volume.
    pub const POOL: &'static str = "pool";
    /// The logical volume of the library's file system.
    pub const LIBRARY: &'static str = "library";

    /// The name made of a random number.
    pub fn from_random(number: u32) -> Self {
        Self(format!("megh-{number:08x}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VolumeGroup {
    type Err = ParseVolumeGroupError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        match text.strip_prefix("megh-") {
            Some(digits) if digits.len() == 8 && digits.bytes().all(hex) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ParseVolumeGroupError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for VolumeGroup {
    type Error = ParseVolumeGroupError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<VolumeGroup> for String {
    fn from(group: VolumeGroup) -> Self {
        group.0
    }
}

impl fmt::Display for VolumeGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
