//! With Secure Boot, what was signed starts, and nothing else does.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use megh_qemu_tests::disk::Disk;
use megh_qemu_tests::faults::FileOnDisk;
use megh_qemu_tests::installation::{DISK_BYTES, DISK_SERIAL, End};
use megh_qemu_tests::{
    Firmware, Lab, Machine, MachineSpec, Medium, answers, appliance, installation, scenario,
};

const REFUSED_WITHIN: Duration = Duration::from_secs(180);
/// A machine that has refused a loader is watched for so long.
const WATCHED: Duration = Duration::from_secs(10);
/// GRUB's last word when it can start neither slot.
const NO_SYSTEM: &str = "no slot of this disk can be started";
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
fn an_installation_on_request_gives_firmware_in_setup_mode_the_keys() {
    scenario("secure boot enrolment", |lab| {
        let firmware = Firmware::SecureSetup;
        let disk = Disk::blank(lab, DISK_SERIAL, DISK_BYTES)?;
        let iso = lab.release()?.iso().to_owned();
        let answers = answers::erase_disk_and_enrol(DISK_SERIAL);
        let mut machine =
            installation::start_with(lab, firmware, Medium::Iso, &iso, &disk, &answers)?;
        let end = installation::await_end(&mut machine)?;
        ensure!(end == End::Done, "{end:?}");
        machine.wait_power_off(installation::OFF_WITHIN)?;
        // The machine's next life is under another name, with the same variables.
        let variables = |name: &str| lab.path(&format!("{name}-{}.vars.fd", firmware.name()));
        fs::copy(variables("installer"), variables("appliance"))?;
        let system = FileOnDisk::find(disk.path(), "boot-a", "meghos.efi")?;
        let tampered = Disk::overlay(lab, disk.path(), "MEGH-TAMPERED")?;
        system.flip_bit(lab, &tampered)?;
        fs::copy(variables("installer"), variables("refusing"))?;
        refuses(lab, firmware, &tampered)?;
        starts(lab, firmware, &disk)
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

/// A machine that has refused something of this disk.
fn refuses(lab: &Lab, firmware: Firmware, disk: &Disk) -> Result<Machine> {
    let name = format!("refusing-{}", firmware.name());
    let mut machine = MachineSpec::new(&name, firmware).disk(disk).start(lab)?;
    let words = machine.serial.expect(REFUSAL, REFUSED_WITHIN)?.remove(0);
    lab.say(&format!("refused: {words}"));
    Ok(machine)
}

fn starts(lab: &Lab, firmware: Firmware, disk: &Disk) -> Result<()> {
    let appliance = appliance::boot(lab, firmware, disk)?;
    let api = appliance.claim()?;
    ensure!(
        api.system()?.slot.as_deref() == Some("a"),
        "not started from slot a"
    );
    appliance.power_off()
}

/// Damages files of an installed disk and sees the machine refuse them.
fn refused(name: &str, files: &[(&str, &str)], damage: fn(&FileOnDisk, &Lab, &Disk) -> Result<()>) {
    scenario(name, |lab| {
        let disk = installation::installed_disk(lab, Firmware::SecureOwn)?;
        let base = installation::base_path(lab, Firmware::SecureOwn)?;
        for (partition, path) in files {
            let file = FileOnDisk::find(&base, partition, path)?;
            damage(&file, lab, &disk).with_context(|| format!("damaging {path}"))?;
        }
        let mut machine = refuses(lab, Firmware::SecureOwn, &disk)?;
        if files.iter().any(|(partition, _)| *partition == "boot-a") {
            machine.serial.expect(NO_SYSTEM, REFUSED_WITHIN)?;
        } else {
            thread::sleep(WATCHED);
        }
        let text = machine.serial.log().text();
        ensure!(
            !text.contains("Claim code") && !text.contains("Linux version"),
            "a system was started after all"
        );
        Ok(())
    });
}
