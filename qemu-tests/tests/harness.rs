//! The harness itself, with the smallest guest in place of the image.

use std::time::Duration;

use anyhow::{Result, ensure};
use megh_qemu_tests::disk::Disk;
use megh_qemu_tests::guest::{GREETING, LINUX_GREETING, boot_sector_disk, linux_disk};
use megh_qemu_tests::{Firmware, Lab, Machine, MachineSpec, answers, faults, scenario};

const SOON: Duration = Duration::from_secs(60);

#[test]
fn a_machine_speaks_listens_resets_and_loses_its_power() {
    scenario("harness", |lab| {
        let mut machine = boot_sector_machine(lab, "speaker")?;
        machine.serial.expect(GREETING, SOON)?;
        machine.serial.send("ping!")?;
        machine.serial.expect("ping!", SOON)?;
        machine.reset()?;
        machine.serial.expect(GREETING, SOON)?;
        let picture = lab.path("screen.png");
        machine.screenshot(&picture)?;
        ensure!(picture.is_file(), "no picture");
        machine.pull_plug();
        Ok(())
    });
}

#[test]
fn what_does_not_appear_is_an_error_that_says_so() {
    scenario("harness silence", |lab| {
        let mut machine = boot_sector_machine(lab, "silent")?;
        let error = machine
            .serial
            .expect("no guest says this", Duration::from_secs(3))
            .expect_err("it was not said");
        ensure!(format!("{error}").contains("did not appear"), "{error}");
        Ok(())
    });
}

#[test]
fn an_overlay_keeps_damage_from_its_base() {
    scenario("harness overlay", |lab| {
        let base = boot_sector_disk(lab.dir())?;
        let overlay = Disk::overlay(lab, &base, "OVERLAY")?;
        faults::spoil(&overlay, 0)?;
        let head = faults::read_at(&base, 510, 2)?;
        ensure!(head == [0x55, 0xaa], "the base was written to");
        Ok(())
    });
}

#[test]
fn an_answers_disk_holds_its_answers() {
    scenario("harness answers", |lab| {
        let disk = answers::disk(lab, &answers::erase_disk("SERIAL"))?;
        let read = megh_host::command::Cmd::new("mtype")
            .arg("-i")
            .arg(disk.path())
            .arg("::/answers.toml")
            .stdout()?;
        megh_model::answers::Answers::parse(&read)?;
        Ok(())
    });
}

#[test]
fn the_tiny_linux_guest_starts() {
    scenario("harness linux", |lab| {
        let disk = linux_disk(lab)?;
        let mut machine = MachineSpec::new("linux", Firmware::Bios)
            .memory_mib(128)
            .disk(&Disk::raw(&disk, "GUEST"))
            .start(lab)?;
        machine.serial.expect(LINUX_GREETING, SOON)?;
        Ok(())
    });
}

fn boot_sector_machine(lab: &Lab, name: &str) -> Result<Machine> {
    let image = boot_sector_disk(lab.dir())?;
    MachineSpec::new(name, Firmware::Bios)
        .memory_mib(128)
        .disk(&Disk::raw(&image, "GUEST"))
        .start(lab)
}
