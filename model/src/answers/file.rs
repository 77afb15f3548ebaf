//! The answers file.

use serde::{Deserialize, Serialize};

use super::target::{Target, TargetText};
use crate::name::Name;

const SCHEMA: u32 = 1;

/// Checked answers of an unattended installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// What happens to what is on the disk.
    pub mode: Mode,
    /// Which disk.
    pub target: Target,
    /// The machine's name; drawn by the installer when absent.
    pub host_name: Option<Name>,
    /// Whether firmware in setup mode gets the release's Secure Boot keys.
    pub enrol_secure_boot: bool,
    /// Whether a release is meant whose documents have expired.
    pub allow_expired: bool,
    /// What happens in the end.
    pub finish: Finish,
}

/// What happens to what is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is lost.
    Erase,
}

/// What happens after a successful installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The machine restarts.
    #[default]
    Reboot,
    /// The machine is switched off.
    Poweroff,
}

/// Why a file is not a set of answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswersError {
    /// Not TOML, a key that does not exist, or a value of the wrong kind.
    #[error("{0}")]
    Form(String),
    /// Written for another version.
    #[error("schema is {0}, and this installer reads 1")]
    Schema(u32),
    /// A value that cannot be.
    #[error("{key}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// Any disk would match.
    #[error(
        "[target] is empty: name the disk by by_id, serial, wwn, model, bus, min_size or max_size, or set require_unique"
    )]
    AnyDisk,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswersText {
    schema: u32,
    mode: Mode,
    target: TargetText,
    #[serde(default)]
    host: HostText,
    #[serde(default)]
    firmware: FirmwareText,
    #[serde(default)]
    allow_expired: bool,
    #[serde(default)]
    finish: Finish,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostText {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirmwareText {
    #[serde(default)]
    enrol_secure_boot: bool,
}

impl Answers {
    /// Reads and checks a file's text.
    pub fn parse(text: &str) -> Result<Self, AnswersError> {
        let table: toml::Table = text.parse().map_err(form)?;
        // The schema first: a newer file's new keys are not its mistake.
        match table.get("schema").and_then(toml::Value::as_integer) {
            Some(1) | None => {}
            Some(other) => return Err(AnswersError::Schema(u32::try_from(other).unwrap_or(0))),
        }
        let raw: AnswersText = toml::from_str(text).map_err(form)?;
        debug_assert_eq!(raw.schema, SCHEMA);
        let host_name = raw.host.name.map(|name| {
            name.parse().map_err(|error| AnswersError::Value {
                key: "host.name",
                reason: format!("{error}"),
            })
        });
        Ok(Self {
            mode: raw.mode,
            target: Target::try_from(raw.target)?,
            host_name: host_name.transpose()?,
            allow_expired: raw.allow_expired,
            enrol_secure_boot: raw.firmware.enrol_secure_boot,
            finish: raw.finish,
        })
    }
}

fn form(error: toml::de::Error) -> AnswersError {
    AnswersError::Form(error.to_string().trim_end().to_owned())
}
