//! From version to version and back, with one restart each, and what ran runs
//! again. The campaign `updates` does all of it on every kind of firmware.

use megh_qemu_tests::updating::{first_update, there_and_back};
use megh_qemu_tests::{Firmware, scenario};

#[test]
fn on_uefi_two_updates_fill_both_slots_and_a_person_goes_back() {
    scenario("updates on uefi", |lab| there_and_back(lab, Firmware::Uefi));
}

#[test]
fn on_bios_an_update_is_applied() {
    scenario("updates on bios", |lab| {
        first_update(lab, Firmware::Bios)?.appliance.power_off()
    });
}

#[test]
fn with_secure_boot_an_update_is_applied() {
    scenario("updates with secure boot", |lab| {
        first_update(lab, Firmware::SecureOwn)?
            .appliance
            .power_off()
    });
}
