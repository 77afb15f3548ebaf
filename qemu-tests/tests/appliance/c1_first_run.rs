//! From a blank disk to a running guest.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use megh_api_types::{InstanceStatus, ProblemCode};
use megh_model::release::MANIFEST_FILE;
use megh_qemu_tests::api::Api;
use megh_qemu_tests::guest::{GREETING, boot_sector_disk};
use megh_qemu_tests::image_check::{Checker, KnownRelease};
use megh_qemu_tests::write_log::Base;
use megh_qemu_tests::{Firmware, Lab, Medium, appliance, installation, scenario};

const GUEST_SPEAKS_WITHIN: Duration = Duration::from_secs(180);

#[test]
fn an_iso_on_uefi_installs_and_the_disk_alone_runs_a_guest() {
    scenario("iso on uefi", |lab| {
        whole_path(lab, Firmware::Uefi, Medium::Iso)
    });
}

#[test]
fn a_stick_on_bios_installs_and_the_disk_alone_runs_a_guest() {
    scenario("stick on bios", |lab| {
        whole_path(lab, Firmware::Bios, Medium::Stick)
    });
}

fn whole_path(lab: &Lab, firmware: Firmware, medium: Medium) -> Result<()> {
    let disk = installation::install(lab, firmware, medium)?;
    judged_whole(lab, firmware)?;
    let mut appliance = appliance::boot(lab, firmware, &disk)?;
    ensure!(
        appliance.version == lab.release()?.manifest().version.to_string(),
        "the console shows version {}",
        appliance.version
    );

    let api = appliance.api()?;
    lab.say(&format!(
        "the API answers {:.1} s after power on",
        appliance.machine.uptime().as_secs_f64()
    ));
    nothing_is_told_before_the_claim(&api)?;
    let code = appliance.claim_code.as_deref().unwrap_or_default();
    api.claim(code)?;
    claim_is_for_one_use(&api, code)?;
    let session = api.log_in()?;
    ensure!(session.user.name == "admin", "logged in as {session:?}");
    let system = api.system()?;
    ensure!(
        system.slot.as_deref() == Some("a"),
        "started from {system:?}"
    );
    lab.say("claimed and logged in");

    let guest = boot_sector_disk(lab.dir())?;
    api.upload_image("hello", &guest)?;
    lab.say("image uploaded and imported");
    let accepted = api.create_instance("first", "hello", true)?;
    api.wait_operation(accepted.operation.id)?;
    api.wait_instance("first", InstanceStatus::Running)?;
    lab.say("instance runs");
    guest_speaks_and_listens(&api)?;
    lab.say("the guest greets and echoes through the console");

    let stopped = api.force_stop("first")?;
    api.wait_operation(stopped.operation.id)?;
    let deleted = api.delete_instance("first")?;
    api.wait_operation(deleted.operation.id)?;
    ensure!(api.instances()?.is_empty(), "a deleted instance is listed");
    appliance.machine.screenshot(&lab.path("screen.png"))?;
    appliance.power_off()
}

/// The judge of disks, which other tests rely on, finds nothing wrong.
fn judged_whole(lab: &Lab, firmware: Firmware) -> Result<()> {
    let manifest = fs::read(lab.release()?.out().join("release").join(MANIFEST_FILE))?;
    let known = KnownRelease::of_manifest(&manifest)?;
    let disk = Base::open(&installation::base_path(lab, firmware)?)?;
    let verdict = Checker::new(vec![known]).check(&disk);
    ensure!(verdict.violations.is_empty(), "{verdict:#?}");
    Ok(())
}

fn nothing_is_told_before_the_claim(api: &Api) -> Result<()> {
    let refused = api
        .system()
        .expect_err("an unclaimed appliance tells nothing");
    ensure!(
        refused.code() == Some(ProblemCode::NotClaimed),
        "before the claim: {refused}"
    );
    let wrong = api
        .claim("AAAAA-AAAAA")
        .expect_err("a guessed code is wrong");
    ensure!(
        wrong.code() == Some(ProblemCode::WrongClaimCode),
        "wrong code: {wrong}"
    );
    Ok(())
}

fn claim_is_for_one_use(api: &Api, code: &str) -> Result<()> {
    let again = api.claim(code).expect_err("the code is for one use");
    ensure!(
        again.code() == Some(ProblemCode::AlreadyClaimed),
        "second claim: {again}"
    );
    Ok(())
}

fn guest_speaks_and_listens(api: &Api) -> Result<()> {
    let mut console = api.console("first")?;
    console.expect(GREETING, GUEST_SPEAKS_WITHIN)?;
    console.send("ping!")?;
    console.expect("ping!", GUEST_SPEAKS_WITHIN)
}
