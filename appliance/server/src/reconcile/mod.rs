//! Brings what is into line with what should be: at the start, after a crash
//! or a power cut, and from then on every few seconds.

mod decide;
mod observe;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::app::App;
use crate::fault::Fault;
use crate::health::Part;

/// How often guests are looked at.
const OBSERVE: Duration = Duration::from_secs(5);
/// How often the pool is searched for what nobody knows.
const SWEEP: Duration = Duration::from_secs(300);

/// Reconciles until it is dropped.
pub async fn run(app: Arc<App>) {
    let mut tick = interval(OBSERVE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept: Option<Instant> = None;
    loop {
        tick.tick().await;
        let sweep_now = swept.is_none_or(|swept| swept.elapsed() >= SWEEP);
        let mut outcome = observe::observe(&app).await;
        if outcome.is_ok() && sweep_now {
            outcome = sweep::sweep(&app).await;
            swept = outcome.is_ok().then(Instant::now);
        }
        let seen = outcome
            .as_ref()
            .map(drop)
            .map_err(|fault| fault as &dyn std::fmt::Display);
        app.checks.note(Part::Reconciler, seen);
    }
}

/// Reconciles once, all of it.
pub async fn once(app: &Arc<App>) -> Result<(), Fault> {
    observe::observe(app).await?;
    sweep::sweep(app).await
}

/// Finds out how guests run here, which takes a moment.
pub async fn probe(app: Arc<App>) {
    match app.hypervisor(|hypervisor| hypervisor.acceleration()).await {
        Ok(Ok(found)) => {
            let _ = app.acceleration.set(found);
            tracing::info!(?found, "guests run");
        }
        Ok(Err(error)) => tracing::warn!(%error, "cannot find out how guests run"),
        Err(fault) => tracing::warn!(%fault, "cannot find out how guests run"),
    }
}
