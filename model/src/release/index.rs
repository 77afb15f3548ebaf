//! A channel's index: which releases there are, for whom, and until when that
//! is to be believed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::names::{is_digest, is_directory};
use super::root::ago;
use super::{ARCH, Channel, Demands, Document, PRODUCT, TrustState, VerifyError, Version};

/// The only form of the index that this code reads.
pub const INDEX_SCHEMA: u32 = 1;
/// Most releases of an index.
pub const MAX_LISTED: usize = 64;

/// The signed list of a channel's releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelIndex {
    /// Version of this document's form; [`INDEX_SCHEMA`].
    pub schema: u32,
    /// Always [`PRODUCT`].
    pub product: String,
    /// Debian's name of the architecture: [`ARCH`].
    pub arch: String,
    /// The channel.
    pub channel: Channel,
    /// Counted from 1, up with each change; a machine never goes back.
    pub version: u64,
    /// When it was made, seconds since 1970.
    pub issued: u64,
    /// When it stops being believed, seconds since 1970.
    pub expires: u64,
    /// The releases, at most [`MAX_LISTED`].
    pub releases: Vec<Listed>,
}

impl ChannelIndex {
    /// Reads an index and checks what does not depend on the machine. Nobody has
    /// signed for it yet: only a [`super::VerifiedIndex`] is to be acted upon.
    pub fn parse(bytes: &[u8]) -> Result<Self, VerifyError> {
        let index: Self = Document::Index.parse(bytes)?;
        check_content(&index)?;
        Ok(index)
    }
}

/// A release of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its version.
    pub version: Version,
    /// Its directory, seen from the index: plain names with `/` between them.
    pub path: String,
    /// SHA-256 of its manifest, 64 lower-case hex digits.
    pub manifest_sha256: String,
    /// Size of its manifest in bytes.
    pub manifest_size: u64,
    /// How many machines of a hundred get it by themselves, 0 to 100.
    pub rollout: u8,
    /// The least version that can be updated to it in one step, when not any can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
}

/// Why an index, or a release of it, is not for this machine now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A later form of the document.
    #[error("its schema is {0}, this system reads {INDEX_SCHEMA}")]
    Schema(u32),
    /// An index of something else.
    #[error("it is of product `{0}`, not {PRODUCT}")]
    Product(String),
    /// An index for other machines.
    #[error("it is for {0}, this machine is {ARCH}")]
    Arch(String),
    /// An index of another channel.
    #[error("it is of channel {found}, this machine follows {followed}")]
    Channel {
        /// Its channel.
        found: Channel,
        /// The one that is followed.
        followed: Channel,
    },
    /// Older than one that this machine already believed.
    #[error("it is version {found}, this machine has already seen version {known}")]
    Replayed {
        /// Its version.
        found: u64,
        /// The newest version that was believed.
        known: u64,
    },
    /// Too old.
    #[error("it expired {} ago", ago(*expires, *now))]
    Expired {
        /// When, seconds since 1970.
        expires: u64,
        /// The time it was compared with, seconds since 1970.
        now: u64,
    },
    /// Numbers or texts that cannot be.
    #[error("{0}")]
    Content(String),
    /// A directory that could lead elsewhere.
    #[error("release {0}: `{1}` is not a directory of a release")]
    Path(Version, String),
    /// One version has two entries.
    #[error("release {0} is listed twice")]
    Repeated(Version),
    /// More releases than there can be.
    #[error("it lists {0} releases, more than {MAX_LISTED}")]
    TooMany(usize),
    /// No release of this version.
    #[error("it does not list release {0}")]
    NotListed(Version),
    /// Older than the least version that this machine installs.
    #[error("release {version} is below {floor}, the least that this machine installs")]
    BelowFloor {
        /// The release.
        version: Version,
        /// The least version.
        floor: Version,
    },
    /// Not reachable in one step.
    #[error("release {version} is installed over {from} or later, and {running} runs")]
    Step {
        /// The release.
        version: Version,
        /// The least version to come from.
        from: Version,
        /// The version that runs.
        running: Version,
    },
    /// Rolled out to others first.
    #[error("release {version} goes to {rollout} of 100 machines so far, and not to this one")]
    HeldBack {
        /// The release.
        version: Version,
        /// How many of a hundred get it.
        rollout: u8,
    },
}

impl IndexError {
    /// See [`super::VerifyError::code`].
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Schema(_) => "index-schema",
            Self::Product(_) => "index-of-other-product",
            Self::Arch(_) => "index-of-other-arch",
            Self::Channel { .. } => "index-of-other-channel",
            Self::Replayed { .. } => "index-replayed",
            Self::Expired { .. } => "index-expired",
            Self::Content(_) => "index-content-bad",
            Self::Path(..) => "index-path-unsafe",
            Self::Repeated(_) => "index-release-repeated",
            Self::TooMany(_) => "index-release-count",
            Self::NotListed(_) => "release-not-listed",
            Self::BelowFloor { .. } => "release-below-floor",
            Self::Step { .. } => "release-needs-step",
            Self::HeldBack { .. } => "release-held-back",
        }
    }
}

fn check_content(index: &ChannelIndex) -> Result<(), IndexError> {
    if index.schema != INDEX_SCHEMA {
        return Err(IndexError::Schema(index.schema));
    }
    if index.product != PRODUCT {
        return Err(IndexError::Product(index.product.clone()));
    }
    if index.arch != ARCH {
        return Err(IndexError::Arch(index.arch.clone()));
    }
    if index.version == 0 || index.expires <= index.issued {
        let why = "version 0, or an expiry before its issue";
        return Err(IndexError::Content(why.to_owned()));
    }
    if index.releases.len() > MAX_LISTED {
        return Err(IndexError::TooMany(index.releases.len()));
    }
    let mut seen = BTreeSet::new();
    for listed in &index.releases {
        check_listed(listed)?;
        if !seen.insert(listed.version) {
            return Err(IndexError::Repeated(listed.version));
        }
    }
    Ok(())
}

fn check_listed(listed: &Listed) -> Result<(), IndexError> {
    let version = listed.version;
    if !is_directory(&listed.path) {
        return Err(IndexError::Path(version, listed.path.clone()));
    }
    let content = |why: &str| Err(IndexError::Content(format!("release {version}: {why}")));
    if !is_digest(&listed.manifest_sha256) {
        return content("the manifest's SHA-256 is not 64 lower-case hex digits");
    }
    if !(1..=Document::Manifest.limit() as u64).contains(&listed.manifest_size) {
        return content("no manifest has the size that it says");
    }
    if listed.rollout > 100 {
        return content("it is rolled out to more than 100 of 100 machines");
    }
    Ok(())
}

/// Checks channel, age and order.
pub(super) fn check_for(
    index: &ChannelIndex,
    demands: &Demands,
    trust: &TrustState,
    now: u64,
) -> Result<(), IndexError> {
    let found = index.channel;
    if let Some(followed) = demands.channel
        && found != followed
    {
        return Err(IndexError::Channel { found, followed });
    }
    if demands.allow_expired {
        return Ok(());
    }
    let (found, known) = (index.version, trust.index(index.channel));
    if found < known {
        return Err(IndexError::Replayed { found, known });
    }
    let expires = index.expires;
    match expires <= now {
        true => Err(IndexError::Expired { expires, now }),
        false => Ok(()),
    }
}

/// Whether a release may come to this machine.
pub(super) fn check_release(
    index: &ChannelIndex,
    listed: &Listed,
    demands: &Demands,
    trust: &TrustState,
) -> Result<(), IndexError> {
    let version = listed.version;
    if let Some(floor) = trust.floor
        && version < floor
    {
        return Err(IndexError::BelowFloor { version, floor });
    }
    if let (Some(from), Some(running)) = (listed.from, demands.running)
        && running < from
    {
        return Err(IndexError::Step {
            version,
            from,
            running,
        });
    }
    match demands.machine {
        Some(machine) if machine.place(index.channel, version) >= listed.rollout => {
            let rollout = listed.rollout;
            Err(IndexError::HeldBack { version, rollout })
        }
        _ => Ok(()),
    }
}
