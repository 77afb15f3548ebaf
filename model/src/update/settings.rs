//! What an administrator decides about updates.

use serde::{Deserialize, Serialize};

/// How far the machine goes by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Looks, downloads, and applies inside the maintenance window.
    Automatic,
    /// Looks and downloads; a person applies.
    DownloadOnly,
    /// Does nothing unasked.
    #[default]
    Manual,
}

/// A daily span in UTC in which the machine may restart by itself. It may run
/// over midnight; equal ends mean the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First minute of the day, 0 to 1439.
    pub from_minute: u16,
    /// The minute after the last one, 0 to 1439.
    pub to_minute: u16,
}

impl Window {
    /// Whether a minute of the day lies inside.
    pub const fn contains(self, minute: u16) -> bool {
        let Self {
            from_minute: from,
            to_minute: to,
        } = self;
        if from == to {
            true
        } else if from < to {
            from <= minute && minute < to
        } else {
            minute >= from || minute < to
        }
    }
}

/// The settings, as kept on the state partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where releases come from: `https://…` or `http://…`, the directory of
    /// the channel indexes. None: only sticks.
    pub source: Option<String>,
    /// The channel, `stable` or `candidate`; none is stable.
    pub channel: Option<String>,
    /// How far the machine goes by itself.
    pub policy: Policy,
    /// When it may restart by itself; none is at any time.
    pub window: Option<Window>,
    /// Most bytes per second of a download; none is no limit.
    pub bandwidth: Option<u64>,
}

/// Why settings are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not an address of a web server.
    #[error("source `{0}` is not an address of the form http://… or https://…")]
    Source(String),
    /// Not a channel.
    #[error("channel `{0}` is not one of stable and candidate")]
    Channel(String),
    /// No minute of a day.
    #[error("minute {0} is not one of a day, 0 to 1439")]
    Minute(u16),
    /// Too slow to ever end.
    #[error("a bandwidth of {0} bytes per second is less than the least, 16384")]
    Bandwidth(u64),
}

/// Least bandwidth, bytes per second.
const MIN_BANDWIDTH: u64 = 16 * 1024;
/// Longest address.
const MAX_SOURCE: usize = 1024;

impl Settings {
    /// Checks every value.
    pub fn check(&self) -> Result<(), SettingsError> {
        if let Some(source) = &self.source {
            let rest = source
                .strip_prefix("https://")
                .or_else(|| source.strip_prefix("http://"));
            let fine = |rest: &str| {
                let printable = rest.bytes().all(|b| b.is_ascii_graphic());
                !rest.is_empty() && !rest.starts_with('/') && printable
            };
            if !rest.is_some_and(fine) || source.len() > MAX_SOURCE || source.contains(['?', '#']) {
                return Err(SettingsError::Source(source.clone()));
            }
        }
        if let Some(channel) = &self.channel
            && !["stable", "candidate"].contains(&channel.as_str())
        {
            return Err(SettingsError::Channel(channel.clone()));
        }
        if let Some(window) = self.window {
            for minute in [window.from_minute, window.to_minute] {
                if minute >= 24 * 60 {
                    return Err(SettingsError::Minute(minute));
                }
            }
        }
        match self.bandwidth {
            Some(bandwidth) if bandwidth < MIN_BANDWIDTH => {
                Err(SettingsError::Bandwidth(bandwidth))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_may_run_over_midnight() {
        let window = |from_minute, to_minute| Window {
            from_minute,
            to_minute,
        };
        assert!(window(60, 120).contains(60) && !window(60, 120).contains(120));
        assert!(window(1400, 30).contains(1439) && window(1400, 30).contains(0));
        assert!(!window(1400, 30).contains(30) && window(5, 5).contains(700));
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        let source = |text: &str| Settings {
            source: Some(text.to_owned()),
            ..Settings::default()
        };
        assert_eq!(source("https://updates.example/meghos").check(), Ok(()));
        for bad in [
            "ftp://x",
            "https://",
            "http:///x",
            "https://a b",
            "https://a/?x",
            "x",
        ] {
            assert_eq!(source(bad).check(), Err(SettingsError::Source(bad.into())));
        }
        let slow = Settings {
            bandwidth: Some(10),
            ..Settings::default()
        };
        assert_eq!(slow.check(), Err(SettingsError::Bandwidth(10)));
        let late = Settings {
            window: Some(Window {
                from_minute: 0,
                to_minute: 1440,
            }),
            ..Settings::default()
        };
        assert_eq!(late.check(), Err(SettingsError::Minute(1440)));
    }
}
