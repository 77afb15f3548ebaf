//! The power goes at every moment of an update, and every disk has a way on: all are
//! judged on this host, and machines are started from some.

use anyhow::{Context, Result, ensure};
use megh_qemu_tests::image_check::partition_place;
use megh_qemu_tests::power_cut::{
    Recording, all_serve_after, examine, first_violation_without_flushes,
};
use megh_qemu_tests::{Firmware, scenario};

const SEED: u64 = 1;
/// Machines that are started; the campaign `power-cut` starts more.
const STARTED: usize = 10;

#[test]
fn at_every_flush_of_an_update_the_power_may_go() {
    scenario("update power cuts", |lab| {
        let recording = Recording::of_update(lab, Firmware::Uefi)?;
        let seen = examine(&recording, SEED, 1, STARTED)?;
        lab.say(&format!(
            "{} moments, {} disks judged",
            seen.epochs, seen.disks
        ));
        ensure!(seen.violations.is_empty(), "{:#?}", seen.violations);
        ensure!(seen.epochs > 50, "the recording is too short");
        a_lost_flush_is_noticed(&recording)?;
        all_serve_after(lab, Firmware::Uefi, &recording, &seen.sample)
    });
}

/// A build that does not wait for what it writes to a slot would not pass.
fn a_lost_flush_is_noticed(recording: &Recording) -> Result<()> {
    for partition in ["root-b", "boot-b"] {
        let place = partition_place(&recording.base()?, partition)?;
        let (cut, violation) = first_violation_without_flushes(recording, place, SEED)?
            .with_context(|| format!("without flushes of {partition}, nothing was noticed"))?;
        println!("without flushes of {partition}: {cut}: {violation}");
    }
    Ok(())
}
