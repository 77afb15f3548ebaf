//! libvirt's event loop: one per process by its nature, run by one thread.
//! Console streams and keepalive messages live on it.

use std::sync::Once;
use std::thread;
use std::time::Duration;

use virt::event::{event_register_default_impl, event_run_default_impl};

static STARTED: Once = Once::new();

/// Starts the loop if it does not run yet. To be called before the first
/// connection is opened, because libvirt looks for a loop only then.
pub(super) fn ensure_running() {
    STARTED.call_once(|| {
        // Errors come back from every call; libvirt's own printing adds nothing.
        virt::error::clear_error_callback();
        if let Err(error) = event_register_default_impl() {
            tracing::error!(%error, "libvirt's event loop cannot be set up; consoles will not work");
            return;
        }
        let run = || {
            loop {
                if let Err(error) = event_run_default_impl() {
                    tracing::warn!(%error, "libvirt's event loop stumbled");
                    thread::sleep(Duration::from_millis(100));
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("libvirt-events".into()).spawn(run) {
            tracing::error!(%error, "libvirt's event loop cannot be started");
        }
    });
}
