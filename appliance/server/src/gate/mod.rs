//! What the health gate of an update asks: whether the control plane does its
//! job. Answered on a socket that only root can open, claimed or not, from
//! before the state is opened on.

mod instances;
mod report;

pub use instances::RanBefore;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use megh_model::update::{GatePart, GateReport};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use crate::app::App;
use report::Probes;

/// How long the reason of a failed start stays to be read before the daemon ends.
pub const FAREWELL: Duration = Duration::from_secs(3);

/// The socket, for as long as this is kept.
pub struct GateSocket {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
    path: PathBuf,
}

/// What the answers are made of.
#[derive(Default)]
struct Shared {
    phase: Mutex<Phase>,
    probes: Probes,
}

/// How far the daemon is.
#[derive(Clone, Default)]
enum Phase {
    /// The state is being opened and migrated.
    #[default]
    Opening,
    /// The state cannot be opened.
    Failed(String),
    /// It serves.
    Serving(Arc<App>),
}

impl GateSocket {
    /// Listens at a path, in place of what an earlier daemon left there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let listener = listen(path)?;
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/gate", get(answer))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the socket of the health gate has failed");
            }
        });
        Ok(Self {
            shared,
            server,
            path: path.to_owned(),
        })
    }

    /// From now on the application is asked.
    pub fn serves(&self, app: &Arc<App>) {
        self.shared.set(Phase::Serving(Arc::clone(app)));
    }

    /// Tells why the state could not be opened, long enough to be read.
    pub async fn failed(&self, reason: String) {
        self.shared.set(Phase::Failed(reason));
        tokio::time::sleep(FAREWELL).await;
    }
}

impl Drop for GateSocket {
    fn drop(&mut self) {
        self.server.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Shared {
    fn set(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn phase(&self) -> Phase {
        self.phase
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The socket gets its name only when its mode is right.
fn listen(path: &Path) -> io::Result<UnixListener> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let new = path.with_extension("new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&new)?;
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&new, path)?;
    Ok(listener)
}

async fn answer(State(shared): State<Arc<Shared>>) -> Json<GateReport> {
    let waiting = |store| GateReport {
        store,
        hypervisor: GatePart::starting("the control plane is not up yet"),
        pool: GatePart::starting("the control plane is not up yet"),
        instances: GatePart::starting("the control plane is not up yet"),
    };
    Json(match shared.phase() {
        Phase::Opening => waiting(GatePart::starting("the state is being opened")),
        Phase::Failed(reason) => waiting(GatePart::failed(reason)),
        Phase::Serving(app) => report::report(&app, &shared.probes).await,
    })
}
