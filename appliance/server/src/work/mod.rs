//! Carries out operations: one step after the other, each of which may be
//! done again. What is done is in the store, so a daemon that was killed goes
//! on where it was.

mod drive;
mod effects;
mod plan;
mod runner;
mod steps;
mod undo;

pub use plan::Step;
pub(crate) use plan::{
    CREATE_AND_START_INSTANCE, CREATE_INSTANCE, DELETE_IMAGE, IMPORT_IMAGE, operation_of,
};
pub use runner::run;

/// Gives the hypervisor the definition of an instance; why that failed.
pub(crate) async fn define(
    app: &std::sync::Arc<crate::app::App>,
    id: uuid::Uuid,
) -> Result<(), String> {
    steps::define(app, id).await.map_err(|error| error.message)
}
