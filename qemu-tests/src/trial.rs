//! An appliance for a person to try: installed once, kept between runs.

use std::fs;

use anyhow::{Context, Result};

use crate::disk::Disk;
use crate::installation;
use crate::machine::free_port;
use crate::{Firmware, Lab, MachineSpec};

/// Where the appliance is reached from this machine, when that port is free.
const PORT: u16 = 8443;

/// Installs the release to a virtual disk, unless that was done, and boots it.
pub fn run() -> Result<()> {
    let lab = Lab::lasting("trial")?;
    let disk = kept_disk(&lab)?;
    let port = free_port(PORT).or_else(|_| free_port(0))?;
    let version = &lab.release()?.manifest().version;
    println!();
    println!("MeghOS {version} starts now, its console in this terminal.");
    println!();
    println!("  Open      https://127.0.0.1:{port}/  in a browser on this machine.");
    println!("  Compare   the certificate's SHA-256 fingerprint with the one on the console.");
    println!("  Type      the claim code that the console shows.");
    println!();
    println!(
        "  Leave     with Ctrl-A, then X (that pulls the plug; nothing is lost but what runs)."
    );
    println!("  Begin anew by removing {}", disk.path().display());
    println!();
    MachineSpec::new("trial", Firmware::Uefi)
        .disk(&disk)
        .run_in_terminal(&lab, port)?;
    println!("\nThe appliance is off. `make run` starts it again as it was.");
    Ok(())
}

/// The disk of this build; one of an earlier build is thrown away.
fn kept_disk(lab: &Lab) -> Result<Disk> {
    let digest = lab.release()?.short_digest()?;
    let kept = lab.path(&format!("{digest}.qcow2"));
    let base = installation::base_path(lab, Firmware::Uefi)?;
    if kept.is_file() && base.is_file() {
        println!("Using the appliance installed earlier from this image.");
        return Ok(Disk::qcow2(&kept, installation::DISK_SERIAL));
    }
    for entry in fs::read_dir(lab.dir()).context("looking for disks of earlier images")? {
        let _ = fs::remove_file(entry?.path());
    }
    println!("Installing the image to a virtual disk; this takes a minute or a few.");
    let fresh = installation::installed_disk(lab, Firmware::Uefi)?;
    fs::rename(fresh.path(), &kept).with_context(|| format!("keeping {}", kept.display()))?;
    Ok(Disk::qcow2(&kept, installation::DISK_SERIAL))
}
