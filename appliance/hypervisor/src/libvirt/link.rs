//! The connection to libvirt's daemon, made again when it is lost.

use std::sync::Mutex;

use virt::connect::Connect;
use virt::error::{Error, ErrorDomain};

use super::events;
use crate::HypervisorError;

/// Seconds between keepalive messages, and how many may stay unanswered.
const KEEPALIVE: (i32, u32) = (5, 5);

#[derive(Debug)]
pub(super) struct Link {
    uri: String,
    current: Mutex<Option<Shared>>,
}

/// A connection; clones are the same one.
#[derive(Clone)]
struct Shared(Connect);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connect")
    }
}

impl Link {
    /// A link that connects when it is first used.
    pub(super) fn new(uri: String) -> Self {
        events::ensure_running();
        Self {
            uri,
            current: Mutex::new(None),
        }
    }

    /// Runs `body` on the connection. When the connection turns out to be
    /// lost, `body` runs once more on a new one: it must be idempotent.
    pub(super) fn run<T>(
        &self,
        body: impl Fn(&Connect) -> Result<T, HypervisorError>,
    ) -> Result<T, HypervisorError> {
        match body(&self.connection()?) {
            Err(HypervisorError::Unreachable(cause)) => {
                tracing::warn!(cause, "the connection to libvirt is lost; connecting again");
                self.forget();
                body(&self.connection()?)
            }
            other => other,
        }
    }

    fn connection(&self) -> Result<Connect, HypervisorError> {
        let mut current = self.current.lock().expect("no holder of this lock panics");
        match &*current {
            Some(Shared(connection)) if connection.is_alive().unwrap_or(false) => {}
            _ => *current = Some(Shared(self.open()?)),
        }
        current
            .as_ref()
            .map(|Shared(connection)| connection.clone())
            .ok_or_else(|| HypervisorError::Unreachable("not connected".into()))
    }

    fn open(&self) -> Result<Connect, HypervisorError> {
        let unreachable = |error: Error| HypervisorError::Unreachable(error.message().to_owned());
        let connection = Connect::open(Some(&self.uri)).map_err(unreachable)?;
        let (interval, count) = KEEPALIVE;
        connection
            .set_keep_alive(interval, count)
            .map_err(unreachable)?;
        Ok(connection)
    }

    fn forget(&self) {
        *self.current.lock().expect("no holder of this lock panics") = None;
    }
}

/// Whether an error says that the daemon is gone rather than that it refuses.
/// What the daemon itself says carries another domain.
pub(super) fn is_lost(error: &Error) -> bool {
    error
        .domain()
        .is_known_and(|domain| domain == ErrorDomain::Rpc)
}
