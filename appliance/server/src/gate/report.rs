//! The parts of the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use megh_model::update::{GatePart, GateReport};
use megh_store::StoreError;

use super::instances;
use crate::app::{App, Chain};
use crate::fault::Fault;

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The engines that are being asked: one that hangs is asked once.
#[derive(Default)]
pub(super) struct Probes {
    hypervisor: Arc<AtomicBool>,
    pool: Arc<AtomicBool>,
}

/// Looks at everything now.
pub(super) async fn report(app: &Arc<App>, probes: &Probes) -> GateReport {
    let (store, hypervisor, pool, instances) = tokio::join!(
        store(app),
        hypervisor(app, probes),
        pool(app, probes),
        instances::instances(app),
    );
    GateReport {
        store,
        hypervisor,
        pool,
        instances,
    }
}

async fn store(app: &App) -> GatePart {
    match app.store.schema().await {
        Ok(schema) => GatePart::passed(format!("opened, schema {schema}")),
        Err(error) => GatePart::failed(format!("the state has failed: {}", chain(&error))),
    }
}

async fn hypervisor(app: &Arc<App>, probes: &Probes) -> GatePart {
    let asked = Arc::clone(app);
    ask(&probes.hypervisor, async move {
        let listed = asked.hypervisor(|hypervisor| hypervisor.list()).await;
        said(listed, |guests| {
            format!("answers, with {} guests", guests.len())
        })
    })
    .await
}

async fn pool(app: &Arc<App>, probes: &Probes) -> GatePart {
    let asked = Arc::clone(app);
    ask(&probes.pool, async move {
        let capacity = asked.pool(|pool| pool.capacity()).await;
        said(capacity, |capacity| {
            format!("there, {} of {} bytes free", capacity.free, capacity.total)
        })
    })
    .await
}

/// What a call to an engine tells.
fn said<T, E: std::error::Error>(
    called: Result<Result<T, E>, Fault>,
    good: impl FnOnce(T) -> String,
) -> GatePart {
    match called {
        Ok(Ok(value)) => GatePart::passed(good(value)),
        Ok(Err(error)) => GatePart::failed(Chain(&error).to_string()),
        Err(fault) => GatePart::failed(fault.detail),
    }
}

/// Waits for an answer, but not for ever; asks no second time while the first
/// is still waited for.
async fn ask(
    asking: &Arc<AtomicBool>,
    question: impl Future<Output = GatePart> + Send + 'static,
) -> GatePart {
    if asking.swap(true, Ordering::SeqCst) {
        return GatePart::failed("has not answered since it was asked before");
    }
    let asking = Arc::clone(asking);
    let answered = tokio::spawn(async move {
        let part = question.await;
        asking.store(false, Ordering::SeqCst);
        part
    });
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(Ok(part)) => part,
        Ok(Err(error)) => GatePart::failed(format!("asking it failed: {error}")),
        Err(_) => GatePart::failed(format!("does not answer within {} s", PATIENCE.as_secs())),
    }
}

fn chain(error: &StoreError) -> String {
    Chain(error).to_string()
}
