//! The command line of updates.

use std::str::FromStr;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use megh_api_types::{UpdatePolicy, UpdateWindow};
use megh_model::units::Bytes;

/// The appliance itself.
#[derive(Debug, Subcommand)]
pub(crate) enum System {
    /// Its version, updates, and the way back
    ///
    /// An update goes into the slot that is not in use and is checked there; nothing changes for what
    /// runs. Applying it restarts the machine. When the new version does not do its job, the machine
    /// goes back to the old one by itself, and says why.
    ///
    ///   megh system update settings --source ADDRESS
    ///   megh system update check
    ///   megh system update stage --watch
    ///   megh system update apply --watch
    #[command(verbatim_doc_comment)]
    Update {
        #[command(flatten)]
        watch: Watch,
        /// What to do; the status when absent
        #[command(subcommand)]
        command: Option<Update>,
    },
}

/// Updates.
#[derive(Debug, Subcommand)]
pub(crate) enum Update {
    /// Show the versions in both slots, what lies ready, and how the last update went
    Status {
        #[command(flatten)]
        watch: Watch,
    },
    /// Look for newer releases, at the source and on sticks
    Check,
    /// Fetch a release into the other slot and check it; goes on where it was interrupted
    Stage {
        /// The version; the newest one when absent
        version: Option<String>,
        /// An address, or the device of a stick as `check` shows it, instead of the configured source
        #[arg(long, value_name = "SOURCE")]
        from: Option<String>,
        /// Take a release from a stick although its documents have expired
        #[arg(long)]
        allow_expired: bool,
        #[command(flatten)]
        watch: Watch,
    },
    /// Restart the machine into the release that lies ready
    Apply {
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        watch: Watch,
    },
    /// Restart the machine into the version that ran before
    Rollback {
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        watch: Watch,
    },
    /// Show or change where releases come from and how far the appliance goes by itself
    Settings(Settings),
    /// Print the journal of the start that failed last
    Journal,
}

/// Following what is under way.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Watch {
    /// Show how far it is until it is done, also across the restart; with --json one line per change
    #[arg(long, short)]
    pub watch: bool,
}

/// Restarting without being asked.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Yes {
    /// Do not ask before the machine restarts
    #[arg(long, short)]
    pub yes: bool,
}

/// Settings; what is not given stays as it is.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Settings {
    /// Where releases come from, https://… or http://…; `none` for sticks only
    #[arg(long, value_name = "URL")]
    pub source: Option<Given<String>>,
    /// The channel: stable or candidate
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// How far the appliance goes by itself
    #[arg(long, value_enum)]
    pub policy: Option<Policy>,
    /// When it may restart by itself, in UTC, as 22:00-04:00; `none` for at any time
    #[arg(long, value_name = "FROM-TO")]
    pub window: Option<Given<Window>>,
    /// Most bytes per second of a download, as 2MiB; `none` for no limit
    #[arg(long, value_name = "SIZE")]
    pub bandwidth: Option<Given<Bytes>>,
}

impl Settings {
    /// Whether nothing is to be changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.source.is_none()
            && self.channel.is_none()
            && self.policy.is_none()
            && self.window.is_none()
            && self.bandwidth.is_none()
    }
}

/// A value, or the word `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given<T>(pub Option<T>);

impl<T: FromStr> FromStr for Given<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        match text {
            "none" => Ok(Self(None)),
            text => text.parse().map(|value| Self(Some(value))),
        }
    }
}

/// A span of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window(pub UpdateWindow);

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minute = |time: &str| {
            let (hour, minute) = time.split_once(':')?;
            let two = |digits: &str| match digits.len() {
                1..=2 => digits.parse::<u16>().ok(),
                _ => None,
            };
            let (hour, minute) = (two(hour)?, two(minute)?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let window = text.split_once('-').and_then(|(from, to)| {
            Some(UpdateWindow {
                from_minute: minute(from)?,
                to_minute: minute(to)?,
            })
        });
        window
            .map(Self)
            .ok_or_else(|| "write it as 22:00-04:00".to_owned())
    }
}

/// How far the appliance goes by itself.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Policy {
    /// Looks, downloads, and restarts inside the window
    Automatic,
    /// Looks and downloads; a person applies
    DownloadOnly,
    /// Does nothing unasked
    Manual,
}

impl From<Policy> for UpdatePolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Automatic => Self::Automatic,
            Policy::DownloadOnly => Self::DownloadOnly,
            Policy::Manual => Self::Manual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<Given<Window>>().map(|given| given.0);
        let window = read("22:00-04:30").expect("a window").expect("given").0;
        assert_eq!((window.from_minute, window.to_minute), (1320, 270));
        assert_eq!(read("none"), Ok(None));
        for bad in [
            "",
            "22:00",
            "24:00-01:00",
            "1:60-2:00",
            "a:b-c:d",
            "022:00-1:00",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
