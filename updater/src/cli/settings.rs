//! Reading and changing the settings on the command line.

use std::io::Read;

use clap::{Args, Subcommand, ValueEnum};
use megh_model::update::{Policy, Settings, Window};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::UpdateError;

/// What is done with the settings.
#[derive(Debug, Subcommand)]
pub(super) enum Change {
    /// Show them.
    Get,
    /// Change those that are named; with --json and none named, take all of
    /// them as an object from standard input.
    Set(Box<SetArgs>),
}

#[derive(Debug, Default, Args)]
pub(super) struct SetArgs {
    /// Address of the directory with the channel indexes; empty for none.
    #[arg(long)]
    source: Option<String>,
    /// `stable` or `candidate`.
    #[arg(long)]
    channel: Option<String>,
    /// How far the machine goes by itself.
    #[arg(long, value_enum)]
    policy: Option<PolicyArg>,
    /// When it may restart by itself, in UTC: `HH:MM-HH:MM`; empty for at any time.
    #[arg(long, value_parser = window)]
    window: Option<WindowArg>,
    /// Most bytes per second of a download; 0 for no limit.
    #[arg(long)]
    bandwidth: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PolicyArg {
    Automatic,
    DownloadOnly,
    Manual,
}

#[derive(Debug, Clone, Copy)]
struct WindowArg(Option<Window>);

impl SetArgs {
    fn is_empty(&self) -> bool {
        let Self {
            source,
            channel,
            policy,
            window,
            bandwidth,
        } = self;
        source.is_none()
            && channel.is_none()
            && policy.is_none()
            && window.is_none()
            && bandwidth.is_none()
    }

    /// The settings that are wanted, `kept` being those in force.
    pub(super) fn wanted(
        &self,
        kept: Settings,
        json: bool,
        input: &mut dyn Read,
    ) -> Result<Settings, UpdateError> {
        if json && self.is_empty() {
            let damaged = |why: String| UpdateError::Damaged {
                path: "standard input".into(),
                why,
            };
            let mut text = String::new();
            input
                .take(64 << 10)
                .read_to_string(&mut text)
                .map_err(|error| damaged(error.to_string()))?;
            return read(&text).map_err(damaged);
        }
        let text = |new: &Option<String>, old| match new.as_deref() {
            None => old,
            Some("") => None,
            Some(new) => Some(new.to_owned()),
        };
        Ok(Settings {
            source: text(&self.source, kept.source),
            channel: text(&self.channel, kept.channel),
            policy: self.policy.map_or(kept.policy, Into::into),
            window: self.window.map_or(kept.window, |window| window.0),
            bandwidth: match self.bandwidth {
                None => kept.bandwidth,
                Some(0) => None,
                other => other,
            },
        })
    }
}

impl From<PolicyArg> for Policy {
    fn from(arg: PolicyArg) -> Self {
        match arg {
            PolicyArg::Automatic => Self::Automatic,
            PolicyArg::DownloadOnly => Self::DownloadOnly,
            PolicyArg::Manual => Self::Manual,
        }
    }
}

/// All settings as an object. Unlike those on the disk, which a later version
/// may have written, these are for this version: a strange field is a mistake.
fn read(text: &str) -> Result<Settings, String> {
    let given: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let settings = Settings::deserialize(&given).map_err(|error| error.to_string())?;
    let known = serde_json::to_value(&settings).map_err(|error| error.to_string())?;
    let mut fields = given.as_object().into_iter().flat_map(Map::keys);
    match fields.find(|field| known.get(field).is_none()) {
        Some(field) => Err(format!("unknown field `{field}`")),
        None => Ok(settings),
    }
}

fn window(text: &str) -> Result<WindowArg, String> {
    if text.is_empty() {
        return Ok(WindowArg(None));
    }
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let two = |text: &str| -> Option<u16> { (text.len() == 2).then(|| text.parse().ok())? };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let parsed = text.split_once('-').and_then(|(from, to)| {
        Some(Window {
            from_minute: minute(from)?,
            to_minute: minute(to)?,
        })
    });
    let wrong = || format!("`{text}` is not a window like 02:00-04:30");
    parsed
        .map(|window| WindowArg(Some(window)))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_changes() {
        let kept = Settings {
            source: Some("https://a.example".to_owned()),
            bandwidth: Some(50_000),
            ..Settings::default()
        };
        let args = SetArgs {
            bandwidth: Some(0),
            policy: Some(PolicyArg::Automatic),
            window: Some(window("22:00-04:30").unwrap()),
            ..SetArgs::default()
        };
        let wanted = args.wanted(kept.clone(), true, &mut &b""[..]).unwrap();
        assert_eq!(wanted.source, kept.source);
        assert_eq!((wanted.bandwidth, wanted.policy), (None, Policy::Automatic));
        let expected = Window {
            from_minute: 22 * 60,
            to_minute: 4 * 60 + 30,
        };
        assert_eq!(wanted.window, Some(expected));
    }

    #[test]
    fn all_of_them_may_come_as_json() {
        let all = r#"{"source":null,"channel":"candidate","policy":"download-only","window":null,"bandwidth":null}"#;
        let wanted = SetArgs::default().wanted(Settings::default(), true, &mut all.as_bytes());
        assert_eq!(wanted.unwrap().channel.as_deref(), Some("candidate"));
        let bad = SetArgs::default().wanted(Settings::default(), true, &mut &b"{\"x\":1}"[..]);
        assert_eq!(bad.unwrap_err().code(), "file-damaged");
    }

    #[test]
    fn windows_are_read_as_people_write_them() {
        assert!(window("").unwrap().0.is_none());
        for bad in ["2:00-4:00", "24:00-01:00", "02:00", "02:60-03:00", "x"] {
            assert!(window(bad).is_err(), "{bad}");
        }
    }
}
