//! From version to version and back, with one restart each, and what ran runs
//! again. With Secure Boot it is UEFI's way and more; the campaign `updates` does
//! all of it on every kind of firmware.

use megh_qemu_tests::updating::{Way, first_update, there_and_back};
use megh_qemu_tests::{Firmware, installation, scenario};

#[test]
fn with_secure_boot_two_updates_fill_both_slots_and_a_person_goes_back() {
    scenario("updates with secure boot", |lab| {
        let disk = installation::installed_disk(lab, Firmware::SecureOwn)?;
        there_and_back(lab, Firmware::SecureOwn, &disk, Way::Api, &mut |_| Ok(()))
    });
}

#[test]
fn on_bios_an_update_is_applied() {
    scenario("updates on bios", |lab| {
        first_update(lab, Firmware::Bios)?.appliance.power_off()
    });
}
