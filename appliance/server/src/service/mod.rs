//! What the API does, without HTTP: requests come in as validated types,
//! changes go to the store, and long work is left to operations.

pub(crate) mod claim;
pub(crate) mod console;
pub(crate) mod images;
pub(crate) mod instances;
pub(crate) mod operations;
pub(crate) mod paging;
pub(crate) mod sessions;
pub(crate) mod system;
pub(crate) mod updates;
pub(crate) mod upload;
pub(crate) mod uploads;

use megh_api_types::Session;
use megh_store::{Query, WriteContext};
use uuid::Uuid;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::rows;

/// Who asks: only a valid session makes one.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The session of the request.
    pub session: Session,
}

/// How often a change may be done: once per key, or as often as it is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Once {
    /// The client's key and the hash of method, path and body.
    pub key: Option<(String, [u8; 32])>,
}

impl Once {
    fn context(self, caller: &Caller, clock: &Clock) -> WriteContext {
        let context = WriteContext::new(format!("user:{}", caller.session.user.id), clock.now());
        match self.key {
            Some((key, hash)) => context.with_idempotency(key, hash),
            None => context,
        }
    }
}

/// The id of a project, or the fault that there is none.
fn project(query: &impl Query, selector: &str) -> Result<Uuid, Fault> {
    rows::projects::find(query, selector)?.ok_or_else(|| Fault::not_found("project", selector))
}
