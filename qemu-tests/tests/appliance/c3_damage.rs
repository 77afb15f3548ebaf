//! Damaged media are refused by name; damaged disks are never read in silence.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use megh_model::release::{MANIFEST_FILE, PartKind};
use megh_qemu_tests::disk::Disk;
use megh_qemu_tests::installation::{self, DISK_BYTES, DISK_SERIAL, End};
use megh_qemu_tests::{Firmware, Lab, MachineSpec, Medium, faults, scenario};

const PANIC_WITHIN: Duration = Duration::from_secs(300);

#[test]
fn a_flipped_bit_in_the_manifest_is_refused_by_name() {
    scenario("flipped manifest", |lab| {
        let reason = refusal(lab, Firmware::Uefi, MANIFEST_FILE, 40)?;
        ensure!(reason.contains("manifest"), "refused, but: {reason}");
        Ok(())
    });
}

// A BIOS machine starts without the UKI, so that the installer gets to see it.
#[test]
fn a_flipped_bit_in_the_uki_is_refused_by_name() {
    scenario("flipped uki", |lab| {
        let size = lab.release()?.size(PartKind::Uki)?;
        let file = lab.release()?.file_name(PartKind::Uki)?;
        let reason = refusal(lab, Firmware::Bios, &file, size / 2)?;
        ensure!(reason.contains(&file), "refused, but: {reason}");
        Ok(())
    });
}

#[test]
fn a_flipped_bit_in_the_root_is_refused_by_name() {
    scenario("flipped root", |lab| {
        let file = lab.release()?.file_name(PartKind::Root)?;
        // The filling behind the tree's superblock: no start reads it, so that the
        // installer is the first that could notice.
        let offset = lab.release()?.manifest().verity.hash_offset + 2048;
        let reason = refusal(lab, Firmware::Uefi, &file, offset)?;
        ensure!(reason.contains(&file), "refused, but: {reason}");
        Ok(())
    });
}

#[test]
fn a_spoiled_block_of_the_root_is_an_error_and_a_reboot() {
    scenario("spoiled root", |lab| {
        let disk = installation::installed_disk(lab, Firmware::Uefi)?;
        let base = installation::base_path(lab, Firmware::Uefi)?;
        // The superblock of the file system is the one block every start reads.
        faults::spoil_partition(&disk, &base, "root-a", 0)?;
        let mut machine = MachineSpec::new("spoiled", Firmware::Uefi)
            .disk(&disk)
            .start(lab)?;
        machine
            .serial
            .expect("(?i)verity.*corrupt", PANIC_WITHIN)
            .context("awaiting the complaint about the block")?;
        machine.wait_reset(PANIC_WITHIN)?;
        lab.say("the damage was named, and the machine rebooted");
        Ok(())
    });
}

/// Installs from a damaged ISO and returns the reason of the refusal. The disk
/// must be as blank as before.
fn refusal(lab: &Lab, firmware: Firmware, file: &str, offset: u64) -> Result<String> {
    let iso = faults::iso_with_flipped_bit(lab, lab.release()?, file, offset)?;
    let disk = Disk::blank(lab, DISK_SERIAL, DISK_BYTES)?;
    let mut machine = installation::start_unattended(lab, firmware, Medium::Iso, &iso, &disk)?;
    let End::Failed(reason) = installation::await_end(&mut machine)? else {
        bail!("{file} was damaged and installed");
    };
    lab.say(&reason);
    machine.pull_plug();
    let head = faults::read_at(disk.path(), 0, 1 << 20)?;
    ensure!(
        head.iter().all(|byte| *byte == 0),
        "the disk was written to before the refusal"
    );
    Ok(reason)
}
