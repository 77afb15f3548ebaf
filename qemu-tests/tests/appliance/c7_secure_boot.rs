//! With Secure Boot, what was signed starts, and nothing else does.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use megh_qemu_tests::faults::FileOnDisk;
use megh_qemu_tests::{Firmware, Lab, MachineSpec, Medium, appliance, installation, scenario};

const REFUSED_WITHIN: Duration = Duration::from_secs(180);
/// A machine that has refused is watched for so long.
const WATCHED: Duration = Duration::from_secs(20);
/// What firmware, shim and GRUB say when they refuse a program.
const REFUSAL: &str = "(?i)bad shim signature|verification failed|security violation|access denied|security policy violation";

#[test]
fn the_signed_release_installs_and_starts_with_the_owners_keys() {
    scenario("secure boot own keys", |lab| {
        let disk = installation::install(lab, Firmware::SecureOwn, Medium::Iso)?;
        starts(lab, Firmware::SecureOwn, &disk)
    });
}

#[test]
fn the_signed_release_starts_with_the_vendors_keys_and_ours_in_shims_list() {
    scenario("secure boot vendor keys", |lab| {
        let disk = installation::installed_disk(lab, Firmware::SecureVendor)?;
        starts(lab, Firmware::SecureVendor, &disk)
    });
}

#[test]
fn a_system_without_signature_does_not_start() {
    refused(
        "unsigned system",
        &[("boot-a", "meghos.efi")],
        FileOnDisk::remove_signature,
    );
}

#[test]
fn a_tampered_system_does_not_start() {
    refused(
        "tampered system",
        &[("boot-a", "meghos.efi")],
        FileOnDisk::flip_bit,
    );
}

#[test]
fn a_tampered_second_loader_does_not_start() {
    let loaders = [
        ("esp", "EFI/BOOT/grubx64.efi"),
        ("esp-spare", "EFI/BOOT/grubx64.efi"),
    ];
    refused("tampered loader", &loaders, FileOnDisk::flip_bit);
}

#[test]
fn a_first_loader_without_signature_does_not_start() {
    let loaders = [
        ("esp", "EFI/BOOT/BOOTX64.EFI"),
        ("esp-spare", "EFI/BOOT/BOOTX64.EFI"),
    ];
    refused("unsigned loader", &loaders, FileOnDisk::remove_signature);
}

fn starts(lab: &Lab, firmware: Firmware, disk: &megh_qemu_tests::disk::Disk) -> Result<()> {
    let appliance = appliance::boot(lab, firmware, disk)?;
    let api = appliance.claim()?;
    ensure!(
        api.system()?.slot.as_deref() == Some("a"),
        "not started from slot a"
    );
    appliance.power_off()
}

/// Damages files of an installed disk and sees the machine refuse them.
fn refused(
    name: &str,
    files: &[(&str, &str)],
    damage: fn(&FileOnDisk, &Lab, &megh_qemu_tests::disk::Disk) -> Result<()>,
) {
    scenario(name, |lab| {
        let disk = installation::installed_disk(lab, Firmware::SecureOwn)?;
        let base = installation::base_path(lab, Firmware::SecureOwn)?;
        for (partition, path) in files {
            let file = FileOnDisk::find(&base, partition, path)?;
            damage(&file, lab, &disk).with_context(|| format!("damaging {path}"))?;
        }
        let mut machine = MachineSpec::new("refusing", Firmware::SecureOwn)
            .disk(&disk)
            .start(lab)?;
        let words = machine.serial.expect(REFUSAL, REFUSED_WITHIN)?.remove(0);
        lab.say(&format!("refused: {words}"));
        thread::sleep(WATCHED);
        let text = machine.serial.log().text();
        ensure!(
            !text.contains("Claim code") && !text.contains("Linux version"),
            "a system was started after all"
        );
        Ok(())
    });
}
