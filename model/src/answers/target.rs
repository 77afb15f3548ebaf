//! Which disk an unattended installation means.

use serde::Deserialize;

use super::file::AnswersError;
use crate::units::Bytes;

/// What is known about a disk that a [`Target`] can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskFacts<'a> {
    /// Its names below `/dev/disk/by-id`.
    pub by_id: &'a [String],
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// Its world wide name.
    pub wwn: Option<&'a str>,
    /// Its model.
    pub model: Option<&'a str>,
    /// How it is attached: `nvme`, `sata`, `usb`, `virtio` …
    pub bus: Option<&'a str>,
    /// Its size.
    pub size: Bytes,
}

/// Conditions on the disk; all that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// A name below `/dev/disk/by-id`; `*` stands for anything.
    pub by_id: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The world wide name.
    pub wwn: Option<String>,
    /// The model; `*` stands for anything.
    pub model: Option<String>,
    /// How it is attached.
    pub bus: Option<String>,
    /// Not smaller than this.
    pub min_size: Option<Bytes>,
    /// Not larger than this.
    pub max_size: Option<Bytes>,
    /// Refuse when several disks match, instead of taking the first by name.
    pub require_unique: bool,
}

/// A size as a number of bytes or with a unit.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SizeText {
    Bytes(u64),
    Text(String),
}

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetText {
    by_id: Option<String>,
    serial: Option<String>,
    wwn: Option<String>,
    model: Option<String>,
    bus: Option<String>,
    min_size: Option<SizeText>,
    max_size: Option<SizeText>,
    require_unique: Option<bool>,
}

impl TryFrom<TargetText> for Target {
    type Error = AnswersError;

    fn try_from(text: TargetText) -> Result<Self, AnswersError> {
        let target = Self {
            by_id: given("target.by_id", text.by_id)?,
            serial: given("target.serial", text.serial)?,
            wwn: given("target.wwn", text.wwn)?,
            model: given("target.model", text.model)?,
            bus: given("target.bus", text.bus)?,
            min_size: size("target.min_size", text.min_size)?,
            max_size: size("target.max_size", text.max_size)?,
            require_unique: text.require_unique.unwrap_or(true),
        };
        let anything = Self {
            require_unique: target.require_unique,
            ..Self::default()
        };
        if target == anything && text.require_unique != Some(true) {
            return Err(AnswersError::AnyDisk);
        }
        if let (Some(min), Some(max)) = (target.min_size, target.max_size)
            && min > max
        {
            let reason = format!("{max} is less than target.min_size, {min}");
            return Err(AnswersError::Value {
                key: "target.max_size",
                reason,
            });
        }
        Ok(target)
    }
}

fn given(key: &'static str, value: Option<String>) -> Result<Option<String>, AnswersError> {
    match value {
        Some(text) if text.trim().is_empty() => Err(AnswersError::Value {
            key,
            reason: "must not be empty".to_owned(),
        }),
        other => Ok(other),
    }
}

fn size(key: &'static str, value: Option<SizeText>) -> Result<Option<Bytes>, AnswersError> {
    match value {
        None => Ok(None),
        Some(SizeText::Bytes(bytes)) => Ok(Some(Bytes(bytes))),
        Some(SizeText::Text(text)) => match text.parse() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => Err(AnswersError::Value {
                key,
                reason: format!("{error}"),
            }),
        },
    }
}

/// Why no disk was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTarget {
    /// No disk fits.
    #[error("no disk matches [target] of the answers")]
    NoMatch,
    /// More than one fits.
    #[error("several disks match [target] of the answers ({}), and require_unique is set", .0.join(", "))]
    Several(Vec<String>),
}

impl Target {
    /// The first condition that `disk` does not meet, in words; `None` when it meets all.
    pub fn mismatch(&self, disk: &DiskFacts<'_>) -> Option<String> {
        let by_id = self
            .by_id
            .as_deref()
            .filter(|want| !disk.by_id.iter().any(|id| glob(want, id)));
        if let Some(want) = by_id {
            return Some(format!("by_id is not {want}"));
        }
        let exact = |want, have: Option<&str>| matches_text(want, have, |want, have| want == have);
        let like = |want, have: Option<&str>| matches_text(want, have, glob);
        let checks = [
            ("serial", &self.serial, exact(&self.serial, disk.serial)),
            ("wwn", &self.wwn, exact(&self.wwn, disk.wwn)),
            ("model", &self.model, like(&self.model, disk.model)),
            ("bus", &self.bus, exact(&self.bus, disk.bus)),
        ];
        for (key, want, fits) in checks {
            if let (Some(want), false) = (want, fits) {
                return Some(format!("{key} is not {want}"));
            }
        }
        if self.min_size.is_some_and(|min| disk.size < min) {
            return Some("smaller than min_size".to_owned());
        }
        if self.max_size.is_some_and(|max| disk.size > max) {
            return Some("larger than max_size".to_owned());
        }
        None
    }

    /// The disk among `matching` (names of disks that fit and may be used, in order).
    pub fn choose<'d>(&self, matching: &[&'d str]) -> Result<&'d str, NoTarget> {
        match matching {
            [] => Err(NoTarget::NoMatch),
            [_, _, ..] if self.require_unique => Err(NoTarget::Several(
                matching.iter().map(|name| (*name).to_owned()).collect(),
            )),
            [first, ..] => Ok(first),
        }
    }
}

fn matches_text(
    want: &Option<String>,
    have: Option<&str>,
    fits: impl Fn(&str, &str) -> bool,
) -> bool {
    match (want, have) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(want), Some(have)) => fits(want.trim(), have.trim()),
    }
}

/// Whether `text` is `pattern` with every `*` replaced by something.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    (0..=text.len()).any(|at| text.is_char_boundary(at) && glob(rest, &text[at..]))
}
