//! Releases that do not do their job: the version before serves again, and
//! nobody did anything.

use anyhow::ensure;
use megh_qemu_tests::updating::{Story, site, site_version};
use megh_qemu_tests::{Firmware, installation, scenario};

// One machine takes them one after the other, as the same machine would.
#[test]
fn three_broken_releases_end_in_the_version_before() {
    scenario("broken releases", |lab| {
        let disk = installation::installed_disk(lab, Firmware::Uefi)?;
        let mut story = Story::begin(lab, Firmware::Uefi, &disk)?;
        for name in ["daemon-crashes", "fails-in-initrd", "panics"] {
            lab.say(name);
            let version = site_version(lab, name)?;
            story.stage(&site(lab, name)?, &version)?;
            story = story.apply_in_vain(&version)?;
            if name == "daemon-crashes" {
                let journal = story.api.trial_journal()?;
                ensure!(
                    journal.text.contains("meghd"),
                    "the journal of the failed start says nothing of meghd"
                );
            }
        }
        story.appliance.power_off()
    });
}
