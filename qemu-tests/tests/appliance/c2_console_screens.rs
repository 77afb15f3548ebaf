//! The screens, driven by keys over the serial line.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use megh_qemu_tests::disk::Disk;
use megh_qemu_tests::installation::{DISK_BYTES, DISK_SERIAL};
use megh_qemu_tests::serial::key;
use megh_qemu_tests::{Firmware, Lab, Machine, MachineSpec, Medium, appliance, scenario};

const SCREEN_WITHIN: Duration = Duration::from_secs(420);
const NEXT_SCREEN_WITHIN: Duration = Duration::from_secs(60);
const OFF_WITHIN: Duration = Duration::from_secs(120);
const INSTALLED_WITHIN: Duration = Duration::from_secs(900);

#[test]
fn a_person_installs_by_keys_and_sees_the_first_console_screen() {
    scenario("keys on uefi", |lab| {
        let disk = Disk::blank(lab, DISK_SERIAL, DISK_BYTES)?;
        let iso = lab.release()?.iso().to_owned();
        let mut machine = MachineSpec::new("installer-by-keys", Firmware::Uefi)
            .medium(Medium::Iso, &iso)
            .disk(&disk)
            .start(lab)?;
        install_by_keys(lab, &mut machine)?;
        let mut appliance = appliance::boot(lab, Firmware::Uefi, &disk)?;
        ensure!(
            appliance.claim_code.is_some(),
            "the console shows no claim code"
        );
        ensure!(
            appliance.url.starts_with("https://10.0.2."),
            "the console shows {}",
            appliance.url
        );
        // The screen is drawn after the plain lines.
        let fingerprint = &appliance.fingerprint[..23];
        appliance
            .machine
            .serial
            .expect_screen(fingerprint, NEXT_SCREEN_WITHIN)?;
        Ok(())
    });
}

fn install_by_keys(lab: &Lab, machine: &mut Machine) -> Result<()> {
    let serial = &mut machine.serial;
    let disks = serial.expect_screen(DISK_SERIAL, SCREEN_WITHIN)?;
    lab.say(&format!("the disks:\n{disks}"));
    ensure!(disks.contains("32 GiB"), "the size is not shown");
    serial.send(key::ENTER)?;

    // Firmware without variables of its own is in setup mode; the answer is no.
    serial.expect_screen("in setup mode", NEXT_SCREEN_WITHIN)?;
    serial.send(key::ENTER)?;

    let plan = serial.expect_screen("To erase this disk, type", NEXT_SCREEN_WITHIN)?;
    lab.say(&format!("the plan:\n{plan}"));
    let word = plan
        .split("To erase this disk, type ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .context("the plan names no word to type")?;
    serial.send("no")?;
    serial.send(key::ENTER)?;
    serial.expect_screen("That is not it", NEXT_SCREEN_WITHIN)?;
    serial.send(word)?;
    serial.send(key::ENTER)?;

    let end = serial.expect_screen("is installed|failed", INSTALLED_WITHIN)?;
    lab.say(&format!("the end:\n{end}"));
    ensure!(!end.contains("failed"), "{end}");
    serial.send("p")?;
    machine.wait_power_off(OFF_WITHIN)
}
