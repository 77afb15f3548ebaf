//! Puts the daemon together, runs it, and takes it apart.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use megh_store::{Release, Store, StoreOptions};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::app::{App, Engines, Settings};
use crate::clock::Clock;
use crate::engines;
use crate::gate::GateSocket;
use crate::options::Options;
use crate::ownership::{Ownership, Screen};
use crate::password::Cost;
use crate::tls::{Identity, Limits};
use crate::updates::{self, Program};
use crate::{going_back, http, machine, migrations, reconcile, tls, work};

/// How long a guest may take to stop when asked.
const STOP_PATIENCE: Duration = Duration::from_secs(90);
/// Waits before a step is tried again when an engine cannot be reached.
const RETRIES: [u64; 5] = [1, 2, 4, 8, 15];

/// Is there when systemd runs the machine: `sd_booted(3)`.
const SYSTEMD: &str = "/run/systemd/system";
/// Starts what must not end with the daemon.
const LAUNCHER: &str = "/usr/bin/systemd-run";

/// Serves until told to stop.
pub async fn serve(options: &Options) -> Result<()> {
    let gate = GateSocket::bind(&options.gate_socket())
        .with_context(|| format!("cannot listen at {}", options.gate_socket().display()))?;
    let outcome = serve_gated(options, &gate).await;
    if let Err(error) = &outcome {
        gate.failed(format!("{error:#}")).await;
    }
    outcome
}

async fn serve_gated(options: &Options, gate: &GateSocket) -> Result<()> {
    let drivers = engines::open(options)?;
    let identity = identity(options)?;
    let version = machine::version();
    let store = open_store(options, &version).await?;
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let screen = Screen {
        path: Some(options.console_status.clone()),
        port: listener.local_addr()?.port(),
        fingerprint: identity.fingerprint(),
    };
    let settings = Settings {
        version,
        slot: machine::slot(),
        host_boot: machine::boot_id().context("cannot read the boot id")?,
        run_dir: options.run_dir(),
        update_dir: options.update_dir(),
        serial_dir: drivers.library.join("serial"),
        web_dir: options
            .web_dir
            .join("index.html")
            .exists()
            .then(|| options.web_dir.clone()),
        max_image: options.max_image,
        stop_patience: STOP_PATIENCE,
        retries: RETRIES.map(Duration::from_secs).to_vec(),
        password_cost: Cost::STANDARD,
    };
    let engines = Engines {
        store: store.clone(),
        hypervisor: drivers.hypervisor,
        pool: drivers.pool,
        updater: updater(options),
    };
    let app = App::new(settings, Clock::System, engines, Ownership::new(screen)).await?;
    gate.serves(&app);
    let outcome = run(&app, &store, listener, &identity).await;
    store.close().await.context("cannot close the state")?;
    outcome
}

/// The updater; where systemd runs, its stagings outlive the daemon.
fn updater(options: &Options) -> Program {
    let program = Program::new(&options.updater, updates::Limits::default());
    match Path::new(SYSTEMD).is_dir() {
        true => program.launched_by(Path::new(LAUNCHER)),
        false => program,
    }
}

/// Opens the state, and does what the version that ran before left to do.
async fn open_store(options: &Options, version: &str) -> Result<Store> {
    let now = Clock::System.now();
    let release = Release {
        version: version.to_owned(),
        now_ms: now,
    };
    let store = Store::open_release(
        &options.control_dir(),
        migrations()?,
        StoreOptions::default(),
        &release,
    )
    .await
    .context("cannot open the state")?;
    let update_dir = options.update_dir();
    going_back::tell_data(&store, &update_dir, version).await;
    going_back::take_over(&store, &update_dir, version, now).await;
    Ok(store)
}

fn identity(options: &Options) -> Result<Identity> {
    let host = machine::host_name().unwrap_or_else(|| "meghos".to_owned());
    let directory = options.control_dir().join("tls");
    Ok(Identity::load_or_make(
        &directory,
        &host,
        &machine::addresses(),
    )?)
}

async fn run(
    app: &Arc<App>,
    store: &Store,
    listener: TcpListener,
    identity: &Identity,
) -> Result<()> {
    let acceptor = TlsAcceptor::from(Arc::new(identity.server_config()?));
    let mut background = JoinSet::new();
    background.spawn(work::run(Arc::clone(app)));
    background.spawn(reconcile::run(Arc::clone(app)));
    tokio::spawn(reconcile::probe(Arc::clone(app)));
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let (mut fatal, mut died) = (None, false);
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            error = store.fatal() => fatal = Some(error),
            _ = background.join_next() => died = true,
        }
    };
    tracing::info!(address = %listener.local_addr()?, fingerprint = identity.fingerprint(), "serving");
    // Outside of systemd there is nobody to tell.
    let _ = sd_notify::notify(false, &[NotifyState::Ready]);
    tls::serve(
        listener,
        acceptor,
        http::router(Arc::clone(app)),
        Limits::default(),
        stop,
    )
    .await;
    let _ = sd_notify::notify(false, &[NotifyState::Stopping]);
    background.shutdown().await;
    match fatal {
        Some(error) => Err(anyhow!(error).context("the state has failed")),
        None if died => bail!("background work ended"),
        None => Ok(()),
    }
}
