//! Two carriers of the same release in one machine are not confused.

use anyhow::ensure;
use megh_qemu_tests::disk::Disk;
use megh_qemu_tests::installation::End;
use megh_qemu_tests::{Firmware, MachineSpec, Medium, answers, appliance, installation, scenario};

#[test]
fn a_disk_starts_itself_beside_a_disk_and_a_stick_of_the_same_release() {
    scenario("disk beside twins", |lab| {
        let base = installation::base_path(lab, Firmware::Uefi)?;
        let disk = installation::installed_disk(lab, Firmware::Uefi)?;
        let twin = Disk::overlay(lab, &base, "MEGH-TWIN")?;
        let stick = Disk::overlay(lab, lab.release()?.iso(), "MEGH-STICK")?.on_usb();

        // The disk is the first in the boot order and the last to be probed.
        let machine = MachineSpec::new("twins", Firmware::Uefi)
            .disk(&disk)
            .disk(&twin)
            .disk(&stick)
            .start(lab)?;
        let appliance = appliance::await_console(machine)?;
        let api = appliance.claim()?;
        ensure!(
            api.system()?.slot.as_deref() == Some("a"),
            "not from a disk"
        );
        appliance.power_off()?;

        // What was claimed is on that disk, and its twin is as it was.
        let twin_alone = appliance::boot(lab, Firmware::Uefi, &twin)?;
        ensure!(
            twin_alone.claim_code.is_some(),
            "the claim was written to the twin"
        );
        twin_alone.machine.pull_plug();
        let again = appliance::boot(lab, Firmware::Uefi, &disk)?;
        ensure!(again.api()?.log_in().is_ok(), "the claim was lost");
        Ok(())
    });
}

#[test]
fn a_stick_starts_itself_beside_an_installed_disk() {
    scenario("stick beside disk", |lab| {
        let disk = installation::installed_disk(lab, Firmware::Bios)?;
        // Answers for a disk that is not there: the live system says so.
        let answers = answers::disk(lab, &answers::erase_disk("NO-SUCH-DISK"))?;
        let iso = lab.release()?.iso().to_owned();
        let mut machine = MachineSpec::new("stick-first", Firmware::Bios)
            .medium(Medium::Stick, &iso)
            .disk(&disk)
            .disk(&answers)
            .start(lab)?;
        let end = installation::await_end(&mut machine)?;
        ensure!(
            matches!(&end, End::Failed(reason) if reason.contains("NO-SUCH-DISK")),
            "the live system of the stick said: {end:?}"
        );
        Ok(())
    });
}
