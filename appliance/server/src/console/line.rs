//! The one connection to a guest's serial port, shared by all who type.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use megh_hypervisor::{Console, Hypervisor};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// Messages that wait for a guest; who types more has to wait as well.
const QUEUE: usize = 64;
/// Pause before a guest that does not run is looked for again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a guest may leave input unread before it is dropped.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections that somebody has open.
pub(crate) struct Consoles {
    hypervisor: Arc<dyn Hypervisor>,
    lines: Mutex<HashMap<Uuid, mpsc::WeakSender<Bytes>>>,
}

impl Consoles {
    /// No connection is open.
    pub(crate) fn new(hypervisor: Arc<dyn Hypervisor>) -> Self {
        Self {
            hypervisor,
            lines: Mutex::default(),
        }
    }

    /// Where input for a guest goes. The connection ends with the last sender.
    pub(crate) fn attach(&self, instance: Uuid) -> mpsc::Sender<Bytes> {
        let mut lines = self
            .lines
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        lines.retain(|_, line| line.strong_count() > 0);
        if let Some(line) = lines.get(&instance).and_then(mpsc::WeakSender::upgrade) {
            return line;
        }
        let (sender, receiver) = mpsc::channel(QUEUE);
        lines.insert(instance, sender.downgrade());
        tokio::spawn(keep(Arc::clone(&self.hypervisor), instance, receiver));
        sender
    }
}

/// Keeps a connection as long as somebody may type: also over a restart of the guest.
async fn keep(hypervisor: Arc<dyn Hypervisor>, instance: Uuid, mut input: mpsc::Receiver<Bytes>) {
    loop {
        let opener = Arc::clone(&hypervisor);
        let opened = spawn_blocking(move || opener.open_console(instance)).await;
        if let Ok(Ok(console)) = opened
            && !type_into(Arc::from(console), &mut input).await
        {
            return;
        }
        // What is typed while no guest runs is not for the next one.
        while let Ok(_dropped) = input.try_recv() {}
        if input.is_closed() {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// Passes input on until the guest ends (`true`) or nobody types any more (`false`).
async fn type_into(console: Arc<dyn Console>, input: &mut mpsc::Receiver<Bytes>) -> bool {
    let console = Open(console);
    let mut drained = drain(Arc::clone(&console.0));
    loop {
        let text = tokio::select! {
            text = input.recv() => text,
            _ = &mut drained => return true,
        };
        let Some(text) = text else { return false };
        let writer = Arc::clone(&console.0);
        let written = timeout(PATIENCE, spawn_blocking(move || writer.write(&text))).await;
        if !matches!(written, Ok(Ok(Ok(())))) {
            return true;
        }
    }
}

/// Closes the connection when it is left, also by the daemon's end: the thread
/// that reads it away would hold that up for ever.
struct Open(Arc<dyn Console>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Reads the output away, so that the guest never waits for it; the log has it.
fn drain(console: Arc<dyn Console>) -> JoinHandle<()> {
    spawn_blocking(move || {
        let mut buffer = [0; 4096];
        while matches!(console.read(&mut buffer), Ok(count) if count > 0) {}
    })
}
