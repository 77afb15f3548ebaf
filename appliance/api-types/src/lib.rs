//! Requests and answers of the API under `/api/v1`, shared by the daemon, the
//! CLI and the tests. What is here is a promise: fields are added, never
//! renamed or removed within a version. Requests refuse unknown fields.

mod identity;
mod image;
mod instance;
mod list;
mod operation;
mod problem;
mod system;
mod update;

pub use identity::{ClaimRequest, LoginRequest, NewAdmin, Session, User};
pub use image::{Image, ImageFormat, ImageState, NewImage};
pub use instance::{
    ConsoleQuery, ConsoleTicket, DesiredState, Firmware, Instance, InstanceStatus, NewInstance,
    StopRequest,
};
pub use list::{OperationQuery, Page, PageQuery};
pub use operation::{Accepted, Operation, OperationKind, OperationStatus, Step, StepStatus};
pub use problem::{FieldError, Problem, ProblemCode};
pub use system::{Acceleration, Health, HealthStatus, System};
pub use update::{
    GateCheck, LastTrial, SlotState, StageRequest, StagedUpdate, SystemSlot, SystemUpdate,
    TrialJournal, TrialOutcome, UpdateCheck, UpdateOffer, UpdatePhase, UpdatePolicy,
    UpdateProgress, UpdateSettings, UpdateTask, UpdateTaskKind, UpdateTaskStatus, UpdateTrial,
    UpdateWindow,
};

/// Time of an event: milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMillis = i64;
