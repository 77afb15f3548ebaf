//! The appliance itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether the appliance does its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// All parts work.
    Healthy,
    /// The API works, something else does not.
    Degraded,
}

/// Answer of the health endpoint, which needs no session.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The verdict.
    pub status: HealthStatus,
    /// Whether the appliance has an owner.
    pub claimed: bool,
}

/// How guests are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Acceleration {
    /// Hardware virtualization.
    Kvm,
    /// Software emulation.
    Emulation,
}

/// The appliance as its operator sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct System {
    /// Release version.
    pub version: String,
    /// Slot in use, `a` or `b`; absent when not started from an installed disk.
    pub slot: Option<String>,
    /// How guests run; absent while it is being found out.
    pub acceleration: Option<Acceleration>,
    /// Bytes of the storage pool.
    pub pool_total: u64,
    /// Free bytes of the storage pool.
    pub pool_free: u64,
    /// Seconds since the control plane started.
    pub uptime: u64,
}
