//! The appliance itself.

use megh_api_types::{Acceleration, Health, System};
use megh_storage::{Capacity, StorageError};

use crate::app::App;
use crate::fault::Fault;
use crate::health::Part;

/// Whether the appliance does its job.
pub(crate) fn health(app: &App) -> Health {
    Health {
        status: app.checks.verdict(),
        claimed: app.ownership.is_claimed(),
    }
}

/// The pool's room, which only a pool that works can tell; what was seen is noted.
pub(crate) async fn pool_capacity(app: &App) -> Result<Result<Capacity, StorageError>, Fault> {
    let capacity = app.pool(|pool| pool.capacity()).await?;
    app.checks.note(
        Part::Pool,
        capacity
            .as_ref()
            .map(drop)
            .map_err(|error| error as &dyn std::fmt::Display),
    );
    Ok(capacity)
}

/// The appliance as its operator sees it.
pub(crate) async fn system(app: &App) -> Result<System, Fault> {
    let capacity = pool_capacity(app).await?;
    let (pool_total, pool_free) =
        capacity.map_or((0, 0), |capacity| (capacity.total, capacity.free));
    Ok(System {
        version: app.settings.version.clone(),
        slot: app.settings.slot.clone(),
        acceleration: app.acceleration.get().map(|found| match found {
            megh_hypervisor::Acceleration::Kvm => Acceleration::Kvm,
            megh_hypervisor::Acceleration::Emulation => Acceleration::Emulation,
        }),
        pool_total,
        pool_free,
        uptime: app.started.elapsed().as_secs(),
    })
}
