//! What `lvs` says.

use megh_model::answers::VolumeGroup;
use serde::Deserialize;
use uuid::Uuid;

use super::commands::READY;
use crate::Capacity;

/// All logical volumes of a group.
#[derive(Debug)]
pub(super) struct Report {
    volumes: Vec<Logical>,
}

/// One logical volume.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Logical {
    #[serde(rename = "lv_name")]
    name: String,
    #[serde(rename = "lv_size", deserialize_with = "number")]
    pub(super) size: u64,
    #[serde(rename = "lv_tags")]
    tags: String,
    #[serde(rename = "lv_active")]
    active: String,
    data_percent: String,
    metadata_percent: String,
}

/// LVM writes its numbers as texts.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?
        .trim()
        .parse()
        .map_err(serde::de::Error::custom)
}

impl Logical {
    /// Whether it was made to the end.
    pub(super) fn whole(&self) -> bool {
        self.tags.split(',').any(|tag| tag == READY)
    }

    pub(super) fn active(&self) -> bool {
        self.active == "active"
    }
}

impl Report {
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Document {
            report: Vec<Part>,
        }
        #[derive(Deserialize)]
        struct Part {
            lv: Vec<Logical>,
        }
        let document: Document = serde_json::from_slice(json)?;
        Ok(Self {
            volumes: document
                .report
                .into_iter()
                .flat_map(|part| part.lv)
                .collect(),
        })
    }

    pub(super) fn find(&self, name: &str) -> Option<&Logical> {
        self.volumes.iter().find(|volume| volume.name == name)
    }

    /// Ids of all volumes whose name is this prefix and an id.
    pub(super) fn ids(&self, prefix: &str) -> Vec<Uuid> {
        let id = |volume: &Logical| volume.name.strip_prefix(prefix)?.parse().ok();
        self.volumes.iter().filter_map(id).collect()
    }

    /// Room in the thin pool. A pool whose metadata is nearly full has none.
    pub(super) fn capacity(&self) -> Option<Capacity> {
        const METADATA_LIMIT: f64 = 95.0;
        let pool = self.find(VolumeGroup::POOL)?;
        let used: f64 = pool.data_percent.trim().parse().ok()?;
        let metadata: f64 = pool.metadata_percent.trim().parse().ok()?;
        let free = match metadata >= METADATA_LIMIT {
            true => 0,
            false => (pool.size as f64 * (100.0 - used) / 100.0) as u64,
        };
        Some(Capacity {
            total: pool.size,
            free,
        })
    }
}
