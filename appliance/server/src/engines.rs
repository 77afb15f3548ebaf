//! Chooses the drivers for this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use megh_host::System;
use megh_hypervisor::{Hypervisor, LibvirtHypervisor};
use megh_model::answers::SiteConfig;
use megh_storage::{DirectoryPool, LvmPool, Pool};

use crate::options::Options;

/// Where the pool's file system is mounted on an appliance.
const LIBRARY: &str = "/var/lib/meghos-pool";

/// The drivers of this machine.
pub struct Drivers {
    /// Runs virtual machines.
    pub hypervisor: Arc<dyn Hypervisor>,
    /// Holds images and volumes.
    pub pool: Arc<dyn Pool>,
    /// The directory for what belongs to neither.
    pub library: PathBuf,
}

/// Chooses the drivers. Nothing is reached yet: an engine that is away shows
/// in the appliance's health.
pub fn open(options: &Options) -> Result<Drivers> {
    let library = library(options);
    let pool: Arc<dyn Pool> = match &options.pool_dir {
        Some(directory) => Arc::new(DirectoryPool::open(directory)?),
        None => Arc::new(LvmPool::new(site(options)?.volume_group, &library)),
    };
    let hypervisor = Arc::new(LibvirtHypervisor::new(
        &options.libvirt_uri,
        library.join("probe"),
    ));
    Ok(Drivers {
        hypervisor,
        pool,
        library,
    })
}

/// Activates the pool's volume group and mounts its file system.
pub fn mount_pool(options: &Options) -> Result<()> {
    let group = site(options)?.volume_group;
    megh_storage::mount_library(&System, &group, Path::new(LIBRARY))
        .with_context(|| format!("cannot mount the pool of volume group {group}"))
}

fn library(options: &Options) -> PathBuf {
    options.pool_dir.clone().unwrap_or_else(|| LIBRARY.into())
}

/// What the installer has decided.
fn site(options: &Options) -> Result<SiteConfig> {
    let path = options.site_file();
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    SiteConfig::parse(&text).with_context(|| format!("cannot understand {}", path.display()))
}
