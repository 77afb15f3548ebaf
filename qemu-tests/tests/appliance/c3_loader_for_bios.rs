//! A loader that BIOS cannot start is written anew when somebody asks for it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use megh_qemu_tests::disk::Disk;
use megh_qemu_tests::image_check::partition_place;
use megh_qemu_tests::write_log::{Base, ReadAt};
use megh_qemu_tests::{Firmware, Lab, appliance, direct, faults, installation, scenario};

/// What the machine runs before anything else of ours could be at work.
const REPAIR: &str = "[Unit]
After=megh-settle.service
Before=megh-gate.service meghd.service
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=oneshot
ExecStart=/usr/bin/megh-update repair --loader
";
const REPAIRED_WITHIN: Duration = Duration::from_secs(420);
/// Inside GRUB's core image, behind the sector that unpacks it.
const INSIDE_THE_CORE: u64 = 8192;

#[test]
fn a_spoiled_loader_for_bios_is_written_anew_on_request() {
    scenario("loader for bios", |lab| {
        installation::installed_disk(lab, Firmware::Bios)?;
        let sound = installation::base_path(lab, Firmware::Bios)?;
        let spoiled = lab.path("spoiled.raw");
        let whole = Base::open(&sound)?;
        let place = partition_place(&whole, "bios")?;
        Disk::copy(&sound, &spoiled)?;
        faults::spoil(
            &Disk::raw(&spoiled, "MEGH-SPOILED"),
            place.start + INSIDE_THE_CORE,
        )?;
        ensure!(
            core(&Base::open(&spoiled)?)? != core(&whole)?,
            "not spoiled"
        );

        let disk = Disk::raw(&spoiled, installation::DISK_SERIAL);
        let more = direct::unit("repair.service", REPAIR)?;
        let mut machine = direct::start(lab, "repairing", &disk, &spoiled, &more)?;
        machine.wait_power_off(REPAIRED_WITHIN)?;
        ensure!(core(&Base::open(&spoiled)?)? == core(&whole)?, "not mended");
        starts(lab, &disk)
    });
}

/// What lies in the loader's partition.
fn core(disk: &dyn ReadAt) -> Result<Vec<u8>> {
    let place = partition_place(disk, "bios")?;
    let mut bytes = vec![0; usize::try_from(place.end - place.start)?];
    disk.read_at(place.start, &mut bytes)
        .context("reading the loader's partition")?;
    Ok(bytes)
}

fn starts(lab: &Lab, disk: &Disk) -> Result<()> {
    let appliance = appliance::boot(lab, Firmware::Bios, disk)?;
    appliance.api()?;
    appliance.machine.pull_plug();
    Ok(())
}
