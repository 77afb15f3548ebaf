//! The application: everything that requests and background work share.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use megh_hypervisor::{Acceleration, Hypervisor};
use megh_storage::Pool;
use megh_store::{Freshness, ReadConn, SqlError, Store, Tx, WriteContext, WriteError, Written};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, OnceCell};

use crate::clock::Clock;
use crate::console::{Consoles, Tickets};
use crate::fault::Fault;
use crate::gate::RanBefore;
use crate::health::Checks;
use crate::ownership::Ownership;
use crate::password::{Cost, Passwords};
use crate::rows::instances::InstanceRow;
use crate::service::uploads::Uploads;
use crate::throttle::Throttle;
use crate::updates::{Program, Updates};

/// What the daemon is told at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Release version.
    pub version: String,
    /// Slot in use, when started from an installed disk.
    pub slot: Option<String>,
    /// Identifies this boot of the host: tells a guest that ended from a host that went down.
    pub host_boot: String,
    /// Directory that a restart of the machine empties.
    pub run_dir: PathBuf,
    /// Directory of the updater on the state partition.
    pub update_dir: PathBuf,
    /// Where guests' serial logs are.
    pub serial_dir: PathBuf,
    /// Files of the web page.
    pub web_dir: Option<PathBuf>,
    /// Most bytes of one image.
    pub max_image: u64,
    /// How long a guest may take to stop when asked.
    pub stop_patience: Duration,
    /// Waits before a step is tried again when an engine cannot be reached.
    pub retries: Vec<Duration>,
    /// Cost of a password hash.
    pub password_cost: Cost,
}

/// The outside things that the daemon drives.
pub struct Engines {
    /// The replicated state.
    pub store: Store,
    /// Runs virtual machines.
    pub hypervisor: Arc<dyn Hypervisor>,
    /// Holds images and volumes.
    pub pool: Arc<dyn Pool>,
    /// Updates the appliance's own system.
    pub updater: Program,
}

/// Everything that requests and background work share.
pub struct App {
    /// What the daemon was told.
    pub settings: Settings,
    /// The time.
    pub clock: Clock,
    pub(crate) store: Store,
    hypervisor: Arc<dyn Hypervisor>,
    pool: Arc<dyn Pool>,
    pub(crate) passwords: Passwords,
    pub(crate) ownership: Ownership,
    pub(crate) login_throttle: Throttle,
    pub(crate) name_throttle: Throttle,
    pub(crate) claim_throttle: Throttle,
    pub(crate) uploads: Uploads,
    pub(crate) updates: Updates,
    pub(crate) tickets: Mutex<Tickets>,
    pub(crate) consoles: Consoles,
    pub(crate) checks: Checks,
    /// The instances that ran before the machine started.
    pub(crate) ran_before: RanBefore,
    /// Wakes the runner of operations.
    pub(crate) work: Notify,
    pub(crate) acceleration: OnceCell<Acceleration>,
    pub(crate) started: Instant,
}

impl App {
    /// Puts the parts together; nothing runs yet.
    pub async fn new(
        settings: Settings,
        clock: Clock,
        engines: Engines,
        ownership: Ownership,
    ) -> Result<Arc<Self>, Fault> {
        let passwords = Passwords::new(settings.password_cost);
        let (claimed, rows) = engines
            .store
            .read(Freshness::Local, |query| {
                let claimed = crate::rows::site::is_claimed(query)?;
                Ok((claimed, crate::rows::instances::all(query)?))
            })
            .await
            .map_err(store_fault)?;
        let ran_before = ran_before(&settings, &rows);
        let app = Arc::new(Self {
            consoles: Consoles::new(Arc::clone(&engines.hypervisor)),
            settings,
            clock,
            store: engines.store,
            hypervisor: engines.hypervisor,
            pool: engines.pool,
            passwords,
            ownership,
            login_throttle: Throttle::new(10, Duration::from_secs(6)),
            name_throttle: Throttle::new(100, Duration::from_secs(2)),
            claim_throttle: Throttle::new(10, Duration::from_secs(6)),
            uploads: Uploads::default(),
            updates: Updates::new(engines.updater),
            tickets: Mutex::default(),
            checks: Checks::default(),
            ran_before,
            work: Notify::new(),
            acceleration: OnceCell::new(),
            started: Instant::now(),
        });
        app.ownership.start(claimed);
        Ok(app)
    }

    /// Reads the store as this member knows it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        body: impl FnOnce(&ReadConn<'_>) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, Fault> {
        self.store
            .read(Freshness::Local, body)
            .await
            .map_err(store_fault)
    }

    /// Changes the store; `body` may run more than once.
    pub(crate) async fn write<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        context: WriteContext,
        body: impl Fn(&Tx<'_>) -> Result<T, Fault> + Send + Sync + 'static,
    ) -> Result<Written<T>, Fault> {
        self.store
            .write(context, body)
            .await
            .map_err(|error| match error {
                WriteError::Aborted(fault) => fault,
                WriteError::IdempotencyMismatch { key } => Fault::new(
                    megh_api_types::ProblemCode::IdempotencyMismatch,
                    format!("The idempotency key `{key}` was used with another request."),
                ),
                WriteError::Store(error) => store_fault(error),
            })
    }

    /// Changes the store on the daemon's own behalf.
    pub(crate) async fn write_own<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        body: impl Fn(&Tx<'_>) -> Result<T, Fault> + Send + Sync + 'static,
    ) -> Result<T, Fault> {
        self.write(WriteContext::new("system", self.clock.now()), body)
            .await
            .map(|written| written.value)
    }

    /// Calls the hypervisor on a thread that may block.
    pub(crate) async fn hypervisor<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Hypervisor) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let hypervisor = Arc::clone(&self.hypervisor);
        tokio::task::spawn_blocking(move || call(&*hypervisor))
            .await
            .map_err(Fault::internal)
    }

    /// Calls the pool on a thread that may block.
    pub(crate) async fn pool<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Pool) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let pool = Arc::clone(&self.pool);
        tokio::task::spawn_blocking(move || call(&*pool))
            .await
            .map_err(Fault::internal)
    }

    /// File with everything that an instance printed on its serial port.
    pub(crate) fn serial_log(&self, instance: uuid::Uuid) -> PathBuf {
        self.settings.serial_dir.join(format!("{instance}.log"))
    }
}

/// What ran before, as the first daemon of this boot of the host saw it. A note
/// that cannot be kept costs a restarted daemon its memory, nothing else.
fn ran_before(settings: &Settings, rows: &[InstanceRow]) -> RanBefore {
    let (run_dir, boot) = (&settings.run_dir, &settings.host_boot);
    RanBefore::read(run_dir, boot).unwrap_or_else(|| {
        let before = RanBefore::of(rows, boot);
        if let Err(error) = before.write(run_dir) {
            tracing::warn!(%error, "cannot note which instances ran before");
        }
        before
    })
}

fn store_fault(error: megh_store::StoreError) -> Fault {
    use megh_store::StoreError::{NoLeader, OutcomeUnknown};
    match error {
        NoLeader { .. } | OutcomeUnknown { .. } => {
            tracing::warn!(%error, "the store did not answer");
            Fault::new(
                megh_api_types::ProblemCode::Unavailable,
                "The appliance's state cannot be changed now.",
            )
            .after(Duration::from_secs(2))
        }
        other => Fault::internal(Chain(&other)),
    }
}

/// An error with its causes.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// Who sent a request, as far as the network tells.
pub type Peer = Option<IpAddr>;
