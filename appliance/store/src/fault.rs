//! The first fatal error, seen by everyone who waits for it.

use tokio::sync::watch;

use crate::error::FatalError;

/// A shared place for the error that killed the store. The first one wins:
/// the rest are its consequences. Once the store is closed there are none.
#[derive(Debug, Clone)]
pub(crate) struct FaultCell(watch::Sender<Life>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Life {
    Running,
    Dead(FatalError),
    Closed,
}

impl FaultCell {
    /// No fault yet.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Life::Running))
    }

    /// Keeps `error` unless an earlier one is kept, and gives the kept one.
    pub(crate) fn report(&self, error: FatalError) -> FatalError {
        self.0.send_if_modified(|life| {
            if *life != Life::Running {
                return false;
            }
            tracing::error!(%error, "the store is dead");
            *life = Life::Dead(error.clone());
            true
        });
        self.get().unwrap_or(error)
    }

    /// Ends the watch: the parts end because they are told to.
    pub(crate) fn close(&self) {
        self.0.send_if_modified(|life| {
            let running = *life == Life::Running;
            if running {
                *life = Life::Closed;
            }
            running
        });
    }

    /// The error that killed the store, if one did.
    pub(crate) fn get(&self) -> Option<FatalError> {
        match &*self.0.borrow() {
            Life::Dead(error) => Some(error.clone()),
            Life::Running | Life::Closed => None,
        }
    }

    /// Waits for the store's death; for ever once it is closed.
    pub(crate) async fn wait(&self) -> FatalError {
        let mut receiver = self.0.subscribe();
        loop {
            if let Life::Dead(error) = &*receiver.borrow_and_update() {
                return error.clone();
            }
            if receiver.changed().await.is_err() {
                // `self` holds the sender, so nothing comes here; if it did,
                // there would be nothing left to report.
                std::future::pending::<()>().await;
            }
        }
    }
}
