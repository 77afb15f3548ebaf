//! From version to version and back, with one restart each, and what ran runs
//! again.

use anyhow::{Result, ensure};
use megh_qemu_tests::updating::{Story, site};
use megh_qemu_tests::{Firmware, Lab, installation, scenario};

/// What `cargo ci releases` builds.
const NEXT: &str = "0.2.0";
const AFTER_NEXT: &str = "0.3.0";

#[test]
fn on_uefi_two_updates_fill_both_slots_and_a_person_goes_back() {
    scenario("updates on uefi", |lab| {
        let story = first_update(lab, Firmware::Uefi)?;
        let served = story.stage(&site(lab, "after-next")?, AFTER_NEXT)?;
        let whole = story.api.update()?.staged.map_or(0, |staged| staged.size);
        ensure!(
            served < whole,
            "{served} bytes were fetched of {whole}: nothing was taken from the disk"
        );
        let mut story = story.apply(AFTER_NEXT)?.roll_back(NEXT)?;
        story.has_stayed_up()?;
        story.appliance.power_off()
    });
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

/// From the installed version in slot A to the next one in slot B.
fn first_update(lab: &Lab, firmware: Firmware) -> Result<Story<'_>> {
    let disk = installation::installed_disk(lab, firmware)?;
    let story = Story::begin(lab, firmware, &disk)?;
    let site = site(lab, "next")?;
    story.stage(&site, NEXT)?;
    ensure!(
        site.served().iter().any(|one| one.status == 206),
        "nothing was fetched by ranges"
    );
    let mut story = story.apply(NEXT)?;
    ensure!(
        story.api.system()?.slot.as_deref() == Some("b"),
        "it does not run from slot b"
    );
    story.has_stayed_up()?;
    Ok(story)
}
