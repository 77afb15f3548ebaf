//! From power to the API, against the same kernel and initrd with nothing to do.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::api::Api;
use crate::disk::Disk;
use crate::{Firmware, Lab, MachineSpec, appliance, direct, installation};

const WITHIN: Duration = Duration::from_secs(420);
/// The first thing that the loader says.
const LOADER: &str = "bootenv: |GRUB|Starting MeghOS";
/// Disks are known by their serial number: another one than the appliance's.
const BARE_SERIAL: &str = "MEGH-BARE-0001";
/// How long an idle appliance settles before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(30);

/// Services of ours and engines, which a bare system does without.
const MASKED: &[&str] = &[
    "meghd.service",
    "megh-pool.service",
    "megh-console@tty1.service",
    "megh-console@ttyS0.service",
    "libvirtd.socket",
    "libvirtd.service",
    "virtlogd.socket",
    "openvswitch-switch.service",
    "ovn-central.service",
    "ovn-host.service",
    "ovn-controller.service",
    "lvm2-monitor.service",
];

/// One start of the appliance.
#[derive(Debug)]
pub(super) struct Start {
    /// From the loader's first word to the API's first answer.
    pub(super) seconds: f64,
    /// Bytes of memory in use when idle.
    pub(super) memory_used: u64,
}

/// An appliance that was started once: keys and databases are there.
#[derive(Debug)]
pub(super) struct Settled {
    disk: Disk,
    fingerprint: String,
}

impl Settled {
    /// Starts a freshly installed disk for the first time.
    pub(super) fn new(lab: &Lab) -> Result<Self> {
        let disk = installation::installed_disk(lab, Firmware::Uefi)?;
        let first = appliance::boot(lab, Firmware::Uefi, &disk)?;
        first.api()?;
        let fingerprint = first.fingerprint.clone();
        first.power_off()?;
        Ok(Self { disk, fingerprint })
    }

    /// Starts it again and asks for its API.
    pub(super) fn start(&self, lab: &Lab) -> Result<Start> {
        let mut machine = MachineSpec::new("measured", Firmware::Uefi)
            .disk(&self.disk)
            .start(lab)?;
        machine
            .serial
            .expect(LOADER, WITHIN)
            .context("awaiting the loader")?;
        let loader = machine.uptime();
        let api = Api::new(machine.https_port(), &self.fingerprint)?;
        api.wait_ready(WITHIN)?;
        let seconds = (machine.uptime() - loader).as_secs_f64();
        lab.say(&format!("loader to API: {seconds:.1} s"));
        thread::sleep(SETTLE);
        let (available, total) = machine.memory_available()?;
        let memory_used = total - available;
        lab.say(&format!("memory in use: {} MiB", memory_used >> 20));
        machine.press_power_button(WITHIN)?;
        Ok(Start {
            seconds,
            memory_used,
        })
    }
}

/// The same kernel, initrd and root reach `multi-user.target` with our
/// services and the engines masked; seconds from the kernel's start.
pub(super) fn bare(lab: &Lab, base: &Path) -> Result<f64> {
    let disk = Disk::overlay(lab, base, BARE_SERIAL)?;
    let mut more = "systemd.show_status=1".to_owned();
    for unit in MASKED {
        more += &format!(" systemd.mask={unit}");
    }
    let mut machine = direct::start(lab, "bare", &disk, base, &more)?;
    machine
        .serial
        .expect("Reached target.*multi-user", WITHIN)
        .context("awaiting multi-user.target")?;
    let seconds = machine.uptime().as_secs_f64();
    lab.say(&format!("bare multi-user.target: {seconds:.1} s"));
    machine.pull_plug();
    Ok(seconds)
}
