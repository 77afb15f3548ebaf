//! One machine: it is updated from a stick, sent back in the boot menu, offered
//! everything that a machine must not take, and loses both copies of its boot
//! environment.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use megh_qemu_tests::attack::{self, Attacked, Patience};
use megh_qemu_tests::disk::Disk;
use megh_qemu_tests::image_check::{environments, file_stretches};
use megh_qemu_tests::write_log::Base;
use megh_qemu_tests::{Firmware, Lab, MachineSpec, appliance, faults, scenario};

const FIRMWARE: Firmware = Firmware::Uefi;
/// What the loader says when it goes by the slots' marks.
const LOST: &str = "Both copies of the boot environment are damaged";
const LOADER_WITHIN: Duration = Duration::from_secs(180);

#[test]
fn a_stick_the_boot_menu_and_no_attack_decide_what_runs() {
    scenario("stick, menu, attacks", |lab| {
        let attacked = attack::on_a_machine(lab, FIRMWARE, Patience::Short)?;
        without_an_environment(lab, &attacked)
    });
}

/// Damages both copies: the version that last worked starts, and mends them.
fn without_an_environment(lab: &Lab, attacked: &Attacked) -> Result<()> {
    let (before, base) = (&attacked.disk, &attacked.base);
    let raw = lab.path("without-environment.raw");
    before.write_to(base, &raw)?;
    for partition in ["esp", "esp-spare"] {
        let block = file_stretches(before, partition, "meghos/bootenv")?;
        let start = block.first().context("the block is empty")?.start;
        faults::flip_bit(&raw, start + 40)?;
    }
    let damaged = Base::open(&raw)?;
    ensure!(environments(&damaged)? == [None, None], "a copy is whole");
    let disk = Disk::recorded(lab, &raw, "MEGH-DAMAGED")?;
    let mut machine = MachineSpec::new("damaged", FIRMWARE)
        .disk(&disk)
        .start(lab)?;
    machine.serial.expect(LOST, LOADER_WITHIN)?;
    let appliance = appliance::await_console(machine)?;
    let api = appliance.api()?;
    api.log_in()?;
    let update = api.wait_next_is_running()?;
    let installed = lab.release()?.manifest().version.to_string();
    ensure!(update.version == installed, "{} runs", update.version);
    ensure!(update.problems.is_empty(), "{:?}", update.problems);
    appliance.power_off()?;
    let [main, spare] = environments(&attack::state(&disk, damaged)?)?;
    ensure!(main.is_some() && main == spare, "{main:?} and {spare:?}");
    lab.say("started by the slots' marks, and mended");
    Ok(())
}
