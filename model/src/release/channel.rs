//! Channels: who gets which releases.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A stream of releases that a machine follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Releases for everybody.
    Stable,
    /// Releases that may become stable ones.
    Candidate,
}

impl Channel {
    /// Every channel, the one for everybody first.
    pub const ALL: [Self; 2] = [Self::Stable, Self::Candidate];

    /// The name in documents, settings and names of files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Candidate => "candidate",
        }
    }

    /// File name of the channel's index in a site's directory.
    pub fn index_file(self) -> String {
        format!("{self}.json")
    }

    /// Whether an index of this channel may list a release made for `other`:
    /// what is good for everybody is also good for those who try candidates.
    pub fn lists(self, other: Self) -> bool {
        self == other || other == Self::Stable
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a channel; there are stable and candidate")]
pub struct ParseChannelError(String);

impl FromStr for Channel {
    type Err = ParseChannelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.name() == text)
            .ok_or_else(|| ParseChannelError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_their_serialized_form() {
        for channel in Channel::ALL {
            assert_eq!(channel.name().parse(), Ok(channel));
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.name());
        }
        assert!("nightly".parse::<Channel>().is_err());
    }

    #[test]
    fn candidates_never_reach_the_stable_channel() {
        assert!(Channel::Candidate.lists(Channel::Stable));
        assert!(!Channel::Stable.lists(Channel::Candidate));
    }
}
