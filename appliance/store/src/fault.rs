//! The first fatal error, seen by everyone who waits for it.

use tokio::sync::watch;

use crate::error::FatalError;

/// A shared place for the error that killed the store. The first one wins:
/// the rest are its consequences.
#[derive(Debug, Clone)]
pub(crate) struct FaultCell(watch::Sender<Option<FatalError>>);

impl FaultCell {
    /// No fault yet.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Keeps `error` unless an earlier one is kept, and gives the kept one.
    pub(crate) fn report(&self, error: FatalError) -> FatalError {
        self.0.send_if_modified(|kept| {
            if kept.is_some() {
                return false;
            }
            tracing::error!(%error, "the store is dead");
            *kept = Some(error.clone());
            true
        });
        self.get().unwrap_or(error)
    }

    /// The error that killed the store, if one did.
    pub(crate) fn get(&self) -> Option<FatalError> {
        self.0.borrow().clone()
    }

    /// Waits for the store's death.
    pub(crate) async fn wait(&self) -> FatalError {
        let mut receiver = self.0.subscribe();
        loop {
            if let Some(error) = receiver.borrow_and_update().clone() {
                return error;
            }
            if receiver.changed().await.is_err() {
                // `self` holds the sender, so this cannot be reached while
                // anyone waits; ending in a wait is the harmless answer.
                std::future::pending::<()>().await;
            }
        }
    }
}
