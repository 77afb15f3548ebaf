//! An update: its staging against `dd` of the same bytes, and the way from
//! "apply" to the new version serving.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use megh_model::release::PartKind;

use super::copy;
use crate::api::Api;
use crate::disk::Disk;
use crate::updating::{site, site_version};
use crate::{Firmware, Lab, MachineSpec, appliance, installation};

const SITE: &str = "next";
/// The first thing that the loader says.
const LOADER: &str = "MeghOS. Press Esc";
const WITHIN: Duration = Duration::from_secs(420);

/// One update.
#[derive(Debug)]
pub(super) struct Update {
    /// From the request to a slot that is written and read back, in seconds.
    pub(super) staging: f64,
    /// From the request to the new version's first answer, without the time of
    /// the firmware, in seconds.
    pub(super) applying: f64,
}

/// Updates a freshly installed appliance.
pub(super) fn update(lab: &Lab, base: &Path) -> Result<Update> {
    let disk = Disk::overlay(lab, base, installation::DISK_SERIAL)?.with_real_flushes();
    let machine = MachineSpec::new("updated", Firmware::Uefi)
        .disk(&disk)
        .start(lab)?;
    let appliance = appliance::await_console(machine)?;
    let api = appliance.claim()?;
    let site = site(lab, SITE)?;
    api.set_update_source(&site.url())?;
    api.check_update()?;
    let begun = Instant::now();
    api.stage_update()?;
    let staging = begun.elapsed().as_secs_f64();
    lab.say(&format!("staging: {staging:.1} s"));

    let mut machine = appliance.machine;
    machine.serial.forget();
    let begun = Instant::now();
    api.apply_update()?;
    machine.wait_reset(WITHIN)?;
    let reset = begun.elapsed();
    machine
        .serial
        .expect(LOADER, WITHIN)
        .context("awaiting the loader")?;
    let loaded = Instant::now();
    let api = Api::new(machine.https_port(), &appliance.fingerprint)?;
    api.wait_ready(WITHIN)?;
    let applying = (reset + loaded.elapsed()).as_secs_f64();
    lab.say(&format!("apply to serving: {applying:.1} s"));
    api.log_in()?;
    let version = api.update()?.version;
    let wanted = site_version(lab, SITE)?;
    ensure!(version == wanted, "{version} serves instead of {wanted}");
    machine.pull_plug();
    Ok(Update { staging, applying })
}

/// Seconds of `dd` of the bytes of that update, on a disk like its.
pub(super) fn bare(lab: &Lab, base: &Path) -> Result<f64> {
    let release = lab.release()?;
    let root = release.size(PartKind::Root)?;
    let all: u64 = release
        .manifest()
        .parts
        .values()
        .map(|part| part.size)
        .sum();
    copy::to_other_slot(lab, base, root, all - root)
}
