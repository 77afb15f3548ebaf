//! What is left when a daemon dies: the disk and the engines.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use megh_hypervisor::fake::FakeHypervisor;
use megh_model::console::ConsoleStatus;
use megh_storage::fake::FakePool;
use megh_store::{Store, StoreOptions};
use meghd::app::{App, Engines, Settings};
use meghd::clock::Clock;
use meghd::ownership::{Ownership, Screen};
use meghd::password::Cost;
use meghd::updates::{Limits, Program};
use tokio::task::JoinSet;

use super::client::Client;
use super::engines::{Freezer, FreezingHypervisor, FreezingPool};

/// Bytes of the pool.
pub const POOL: u64 = 1 << 40;
/// Most bytes of an image.
pub const MAX_IMAGE: u64 = 1 << 20;

/// The disk and the engines of one machine.
pub struct World {
    pub home: tempfile::TempDir,
    pub hypervisor: FakeHypervisor,
    pub pool: FakePool,
    pub clock: Clock,
    /// Freezes a call to an engine, as if the daemon were killed during it.
    pub freezer: Arc<Freezer>,
    /// How long the updater may take.
    pub updater_limits: Limits,
    /// Changes when the machine is started anew.
    pub host_boot: String,
}

/// A daemon that runs in a world.
pub struct Server {
    pub app: Arc<App>,
    store: Store,
    router: Router,
    background: JoinSet<()>,
    screen: PathBuf,
}

impl World {
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(home.path().join("serial")).expect("a directory");
        Self {
            pool: FakePool::new(home.path().join("uploads"), POOL),
            home,
            hypervisor: FakeHypervisor::new(),
            clock: Clock::manual(1_800_000_000_000),
            freezer: Arc::default(),
            updater_limits: Limits::default(),
            host_boot: "first boot".to_owned(),
        }
    }

    /// Starts a daemon that carries out operations.
    pub async fn start(&self) -> Server {
        let mut server = self.start_idle().await;
        server
            .background
            .spawn(meghd::work::run(Arc::clone(&server.app)));
        server
    }

    /// Starts a daemon that answers and does nothing else.
    pub async fn start_idle(&self) -> Server {
        let migrations = meghd::migrations().expect("the migrations are in order");
        let directory = self.home.path().join("control");
        let store = Store::open(&directory, migrations, StoreOptions::default())
            .await
            .expect("a store");
        let engines = Engines {
            store: store.clone(),
            hypervisor: Arc::new(FreezingHypervisor::new(
                self.hypervisor.clone(),
                &self.freezer,
            )),
            pool: Arc::new(FreezingPool::new(self.pool.clone(), &self.freezer)),
            updater: Program::new(&self.home.path().join("megh-update"), self.updater_limits),
        };
        let screen = self.home.path().join("console.json");
        let ownership = Ownership::new(Screen {
            path: Some(screen.clone()),
            port: 443,
            fingerprint: "00".into(),
        });
        let app = App::new(self.settings(), self.clock.clone(), engines, ownership)
            .await
            .expect("an app");
        let router = meghd::http::router(Arc::clone(&app));
        Server {
            app,
            store,
            router,
            background: JoinSet::new(),
            screen,
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            version: "1.2.3".to_owned(),
            slot: Some("a".to_owned()),
            host_boot: self.host_boot.clone(),
            run_dir: self.home.path().join("run"),
            update_dir: self.home.path().join("update"),
            serial_dir: self.home.path().join("serial"),
            web_dir: Some(self.home.path().join("web")).filter(|web| web.exists()),
            max_image: MAX_IMAGE,
            stop_patience: Duration::from_millis(600),
            retries: vec![Duration::from_millis(1); 2],
            password_cost: Cost::CHEAP,
        }
    }

    /// Files of uploads that are on the disk.
    pub fn upload_files(&self) -> usize {
        std::fs::read_dir(self.home.path().join("uploads")).map_or(0, Iterator::count)
    }
}

impl Server {
    /// A client without a session.
    pub fn client(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// What the machine's own screen shows.
    pub fn screen(&self) -> ConsoleStatus {
        let text = std::fs::read(&self.screen).expect("the screen's file");
        serde_json::from_slice(&text).expect("a console status")
    }

    /// A client that has claimed the appliance.
    pub async fn claimed(&self) -> Client {
        let mut client = self.client();
        let code = self
            .screen()
            .claim_code
            .expect("the appliance has no owner");
        client.claim(&code).await.expect_status(201);
        client
    }

    /// A client that has logged in as the administrator.
    pub async fn logged_in(&self) -> Client {
        let mut client = self.client();
        client.login().await.expect_status(201);
        client
    }

    /// Ends the daemon as SIGKILL does: from now on it reaches the disk no more,
    /// and nothing in it is ever dropped, so nothing tidies up.
    pub async fn kill_hard(self) {
        self.store
            .close()
            .await
            .expect("the store's files are let go");
        std::mem::forget(self);
    }

    /// Ends the daemon; operations stay where they are.
    pub async fn kill(mut self) {
        self.background.abort_all();
        while self.background.join_next().await.is_some() {}
        self.store
            .close()
            .await
            .expect("the store's files are let go");
    }
}
