//! The same path as a person sees it: Chromium against the booted appliance.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use megh_host::command::{Cmd, Line};
use megh_qemu_tests::guest::{GREETING, boot_sector_disk};
use megh_qemu_tests::updating::{site, site_version};
use megh_qemu_tests::{Firmware, appliance, installation, scenario};

const BROWSER_WITHIN: Duration = Duration::from_secs(1800);
const NEXT: &str = "next";

#[test]
fn a_person_claims_sees_a_guest_speak_and_updates_in_the_browser() {
    scenario("browser", |lab| {
        let disk = installation::installed_disk(lab, Firmware::Uefi)?;
        let appliance = appliance::boot(lab, Firmware::Uefi, &disk)?;
        let api = appliance.api()?;
        let guest = boot_sector_disk(lab.dir())?;
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
        let shots = lab.cache().join("screenshots");
        fs::create_dir_all(&shots).context("making the folder for screenshots")?;
        let site = site(lab, NEXT)?;
        let code = appliance.claim_code.as_deref().context("no claim code")?;
        Cmd::new("npm")
            .args(["run", "browser"])
            .cwd(web)
            .env("MEGHOS_URL", api.url().as_str())
            .env("MEGHOS_CLAIM_CODE", code)
            .env("MEGHOS_IMAGE", &guest)
            .env("MEGHOS_EXPECT", GREETING)
            .env("MEGHOS_ECHO", "1")
            .env("MEGHOS_UPDATE_SOURCE", site.url())
            .env("MEGHOS_UPDATE_VERSION", site_version(lab, NEXT)?)
            .env("MEGHOS_SHOTS", &shots)
            .timeout(BROWSER_WITHIN)
            .lines(|line| {
                let (Line::Out(text) | Line::Err(text)) = line;
                lab.say(text);
            })
            .context("the browser")?;
        lab.say(&format!("screenshots are in {}", shots.display()));
        Ok(())
    });
}
