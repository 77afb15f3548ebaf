//! Chooses the drivers for this machine.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use megh_hypervisor::Hypervisor;
use megh_hypervisor::LibvirtHypervisor;
use megh_storage::Pool;

use crate::options::Options;

/// Where the pool's file system is mounted on an appliance.
const LIBRARY: &str = "/var/lib/meghos-pool";

/// The hypervisor, the pool, and the directory for what belongs to neither.
pub fn open(options: &Options) -> Result<(Arc<dyn Hypervisor>, Arc<dyn Pool>, PathBuf)> {
    let library = options.pool_dir.clone().unwrap_or_else(|| LIBRARY.into());
    let hypervisor = Arc::new(LibvirtHypervisor::new(
        &options.libvirt_uri,
        library.join("probe"),
    ));
    let _ = hypervisor;
    anyhow::bail!("no pool driver")
}

/// Activates the pool's volume group and mounts its file system.
pub fn mount_pool(_options: &Options) -> Result<()> {
    anyhow::bail!("no pool driver")
}
