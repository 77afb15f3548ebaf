//! Operations: work that outlives the request that asked for it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::UnixMillis;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Puts an uploaded image into the pool.
    ImageImport,
    /// Removes an image.
    ImageDelete,
    /// Makes an instance.
    InstanceCreate,
    /// Starts an instance.
    InstanceStart,
    /// Stops an instance.
    InstanceStop,
    /// Removes an instance.
    InstanceDelete,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// Waiting or at work.
    Running,
    /// All steps done.
    Succeeded,
    /// A step failed; what it had made was taken back.
    Failed,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// Begun.
    Running,
    /// Done.
    Succeeded,
    /// Failed.
    Failed,
}

/// One step of an operation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Its name, for people.
    pub name: String,
    /// How far it is.
    pub status: StepStatus,
}

/// An operation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// Stable id.
    pub id: Uuid,
    /// What it does.
    pub kind: OperationKind,
    /// The image or instance it is about.
    pub subject: Uuid,
    /// How far it is.
    pub status: OperationStatus,
    /// Its steps in order.
    pub steps: Vec<Step>,
    /// 0 to 100.
    pub percent: u8,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: UnixMillis,
    /// When it ended.
    pub finished_at: Option<UnixMillis>,
}

/// Answer to a request whose work goes on: the resource and the operation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Accepted<T> {
    /// The resource as it is now.
    pub resource: T,
    /// The work under way.
    pub operation: Operation,
}
