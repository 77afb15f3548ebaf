//! A daemon on a socket, with a certificate of its own and engines in memory:
//! for the tests of what talks to one.
//!
//! What goes wrong here panics, as in a test.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use megh_hypervisor::fake::{
    Call as HypervisorCall, FakeHypervisor, Moment as HypervisorMoment,
};
use megh_model::console::ConsoleStatus;
pub use megh_storage::fake::{Call as PoolCall, FakePool, Moment as PoolMoment};
use megh_store::{Store, StoreOptions};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::app::{App, Engines, Settings};
use crate::clock::Clock;
use crate::ownership::{Ownership, Screen};
use crate::password::Cost;
use crate::tls::{self, Identity};
use crate::updates::{Limits, Program};

/// Name of the updater's program in the daemon's home; there is none until a
/// test puts one there.
const UPDATER: &str = "megh-update";

/// A daemon that runs until it is dropped.
pub struct Appliance {
    /// Where it is.
    pub url: String,
    /// Fingerprint of its certificate.
    pub fingerprint: String,
    /// Its hypervisor, to see and to disturb.
    pub hypervisor: FakeHypervisor,
    /// Its pool, to see and to disturb.
    pub pool: FakePool,
    screen: PathBuf,
    runtime: Option<Runtime>,
    home: tempfile::TempDir,
}

impl Appliance {
    /// Starts one that nobody owns, on a free port.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let runtime = Runtime::new().expect("a runtime");
        let identity =
            Identity::load_or_make(&home.path().join("tls"), "megh", &[]).expect("an identity");
        let (hypervisor, pool) = (
            FakeHypervisor::new(),
            FakePool::new(home.path().join("uploads"), 1 << 40),
        );
        let screen = home.path().join("console.json");
        let address = runtime.block_on(serve(
            &home,
            &identity,
            hypervisor.clone(),
            pool.clone(),
            &screen,
        ));
        Self {
            url: format!("https://{address}"),
            fingerprint: identity.fingerprint(),
            hypervisor,
            pool,
            screen,
            runtime: Some(runtime),
            home,
        }
    }

    /// Where a test puts a program that the daemon takes for the updater.
    pub fn updater(&self) -> PathBuf {
        self.home.path().join(UPDATER)
    }

    /// The code on its screen.
    pub fn claim_code(&self) -> String {
        let text = std::fs::read(&self.screen).expect("the screen's file");
        let status: ConsoleStatus = serde_json::from_slice(&text).expect("a console status");
        status.claim_code.expect("it has no owner")
    }

    /// Waits until something is so.
    pub fn wait_until(&self, mut is_so: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "it does not become so"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it; it is away from now on.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        self.shut_down();
    }
}

async fn serve(
    home: &tempfile::TempDir,
    identity: &Identity,
    hypervisor: FakeHypervisor,
    pool: FakePool,
    screen: &std::path::Path,
) -> SocketAddr {
    let migrations = crate::migrations().expect("the migrations are in order");
    let directory = home.path().join("control");
    let store = Store::open(&directory, migrations, StoreOptions::default())
        .await
        .expect("a store");
    let settings = Settings {
        version: "1.2.3".to_owned(),
        slot: None,
        host_boot: "this boot".to_owned(),
        run_dir: home.path().join("run"),
        update_dir: home.path().join("update"),
        serial_dir: home.path().join("serial"),
        web_dir: None,
        max_image: 1 << 30,
        stop_patience: Duration::from_secs(5),
        retries: Vec::new(),
        password_cost: Cost::CHEAP,
    };
    let screen = Screen {
        path: Some(screen.to_owned()),
        port: 0,
        fingerprint: identity.fingerprint(),
    };
    let engines = Engines {
        store,
        hypervisor: Arc::new(hypervisor),
        pool: Arc::new(pool),
        updater: Program::new(&home.path().join(UPDATER), Limits::default()),
    };
    let app = App::new(settings, Clock::System, engines, Ownership::new(screen))
        .await
        .expect("an app");
    tokio::spawn(crate::work::run(Arc::clone(&app)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    let acceptor = TlsAcceptor::from(Arc::new(identity.server_config().expect("a configuration")));
    let router = crate::http::router(app);
    tokio::spawn(tls::serve(
        listener,
        acceptor,
        router,
        tls::Limits::default(),
        std::future::pending(),
    ));
    address
}
