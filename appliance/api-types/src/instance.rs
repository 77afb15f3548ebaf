//! Instances: virtual machines of a project.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::UnixMillis;

/// Firmware that starts the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Firmware {
    /// OVMF.
    #[default]
    Uefi,
    /// SeaBIOS.
    Bios,
}

/// Makes an instance. It is created stopped unless `start` is set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstance {
    /// Unique in the project: lower-case letters, digits and dashes, a letter first, 1 to 63 characters.
    #[schema(example = "web-1")]
    pub name: String,
    /// Id or name of the image that its disk is copied from.
    pub image: String,
    /// Virtual processors, 1 to 64.
    #[schema(example = 2)]
    pub vcpus: u32,
    /// Memory in bytes: 16 MiB to 1 TiB, a multiple of 1 MiB.
    #[schema(example = 2147483648u64)]
    pub memory: u64,
    /// Size of the root disk in bytes, at least the image's; the image's size when absent.
    pub disk: Option<u64>,
    /// Firmware that starts the guest.
    #[serde(default)]
    pub firmware: Firmware,
    /// Start it once it is made.
    #[serde(default)]
    pub start: bool,
}

/// What the owner wants an instance to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DesiredState {
    /// It should run.
    Running,
    /// It should be off.
    Stopped,
}

/// What an instance is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceStatus {
    /// Its disk and definition are being made.
    Creating,
    /// It is off.
    Stopped,
    /// It is being started.
    Starting,
    /// It runs.
    Running,
    /// It was asked to stop and still runs.
    Stopping,
    /// It is being removed.
    Deleting,
    /// The last operation failed; see `error`.
    Failed,
}

/// An instance.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Stable id.
    pub id: Uuid,
    /// Name, unique in the project.
    pub name: String,
    /// What its owner wants.
    pub desired: DesiredState,
    /// What it is doing.
    pub status: InstanceStatus,
    /// The image its disk was copied from; absent once that image is deleted.
    pub image: Option<Uuid>,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory in bytes.
    pub memory: u64,
    /// Size of the root disk in bytes.
    pub disk: u64,
    /// Firmware that starts the guest.
    pub firmware: Firmware,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was created.
    pub created_at: UnixMillis,
}

/// Stops an instance.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {
    /// Cut the power instead of asking the guest.
    #[serde(default)]
    pub force: bool,
}

/// A one-use ticket for `GET …/instances/{instance}/console?ticket=…` (WebSocket,
/// binary messages both ways). What the guest printed before comes first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConsoleTicket {
    /// The ticket.
    pub ticket: String,
    /// Path and query to open.
    pub url: String,
    /// When the ticket ends unused.
    pub expires_at: UnixMillis,
}

/// Opens a console.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsoleQuery {
    /// A ticket that has not been used.
    pub ticket: String,
}
