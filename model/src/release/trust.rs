//! What a machine remembers, so that nobody can show it the past.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Channel, TrustedRoot, VerifiedIndex, Version};

/// File of the trust state in the updater's directory on the state partition.
pub const TRUST_FILE: &str = "trust.json";
/// The only form of the trust state that this code reads.
const TRUST_SCHEMA: u32 = 1;

/// The newest documents that a machine has believed, and the least version it
/// still installs. Transitions only go up: each returns the state to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustState {
    /// Version of this document's form.
    pub schema: u32,
    /// Version of the newest root document; 0 when none was seen.
    pub root: u64,
    /// Version of the newest index by channel.
    pub indexes: BTreeMap<Channel, u64>,
    /// The least version that is installed, whoever says otherwise.
    pub floor: Option<Version>,
    /// The latest time that a believed index was issued at, seconds since
    /// 1970: the machine's clock cannot be turned back before it.
    pub seen: u64,
}

impl Default for TrustState {
    /// Of a machine that has seen nothing.
    fn default() -> Self {
        Self {
            schema: TRUST_SCHEMA,
            root: 0,
            indexes: BTreeMap::new(),
            floor: None,
            seen: 0,
        }
    }
}

/// Why bytes are no trust state.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Not such a document.
    #[error("the trust state cannot be read")]
    Malformed(#[from] serde_json::Error),
    /// Of a later release.
    #[error("the trust state's schema is {0}, this system reads {TRUST_SCHEMA}")]
    Schema(u32),
}

impl TrustState {
    /// Reads the content of [`TRUST_FILE`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let state: Self = serde_json::from_slice(bytes)?;
        match state.schema {
            TRUST_SCHEMA => Ok(state),
            other => Err(TrustError::Schema(other)),
        }
    }

    /// The content of [`TRUST_FILE`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("numbers and names are JSON");
        bytes.push(b'\n');
        bytes
    }

    /// After this root document was believed.
    #[must_use]
    pub fn with_root(&self, root: &TrustedRoot) -> Self {
        let mut next = self.clone();
        next.root = next.root.max(root.version());
        next
    }

    /// After this index was believed.
    #[must_use]
    pub fn with_index(&self, index: &VerifiedIndex) -> Self {
        let mut next = self.clone();
        let known = next.indexes.entry(index.channel()).or_default();
        *known = index.version().max(*known);
        next.seen = next.seen.max(index.issued());
        next
    }

    /// After a release with this floor has proved itself.
    #[must_use]
    pub fn with_floor(&self, floor: Version) -> Self {
        let mut next = self.clone();
        next.floor = next.floor.max(Some(floor));
        next
    }

    /// With what another state knows beside this one.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.root = both.root.max(other.root);
        for (channel, version) in &other.indexes {
            let known = both.indexes.entry(*channel).or_default();
            *known = (*version).max(*known);
        }
        both.floor = both.floor.max(other.floor);
        both.seen = both.seen.max(other.seen);
        both
    }

    /// The version of the newest index of a channel; 0 when none was seen.
    pub fn index(&self, channel: Channel) -> u64 {
        self.indexes.get(&channel).copied().unwrap_or_default()
    }
}
