//! The power goes while the appliance works; afterwards the API tells the truth.

use anyhow::{Result, ensure};
use megh_api_types::{ImageState, InstanceStatus};
use megh_qemu_tests::api::Api;
use megh_qemu_tests::appliance;
use megh_qemu_tests::guest::boot_sector_disk;
use megh_qemu_tests::{Firmware, installation, scenario};

#[test]
fn after_a_power_cut_during_work_the_api_tells_the_truth() {
    scenario("power cut", |lab| {
        let disk = installation::installed_disk(lab, Firmware::Uefi)?;
        let appliance = appliance::boot(lab, Firmware::Uefi, &disk)?;
        let api = appliance.claim()?;
        let guest = boot_sector_disk(lab.dir())?;
        api.upload_image("hello", &guest)?;

        lab.say("the power goes during a creation with start, and an import");
        api.announce_image("second")?;
        api.send_content("second", std::fs::read(&guest)?)?;
        api.create_instance("cut", "hello", true)?;
        let (appliance, api) = appliance.cut_power()?;
        api.wait_idle()?;
        everything_is_settled(&api)?;
        ensure!(
            api.instance("cut")?.status == InstanceStatus::Running,
            "the instance that should run: {:?}",
            api.instance("cut")?
        );

        lab.say("the power goes during a removal");
        let stopped = api.force_stop("cut")?;
        api.wait_operation(stopped.operation.id)?;
        api.delete_instance("cut")?;
        let (appliance, api) = appliance.cut_power()?;
        api.wait_idle()?;
        ensure!(api.instances()?.is_empty(), "the removed instance is back");
        everything_is_settled(&api)?;

        lab.say("and the retry of everything succeeds");
        let created = api.create_instance("cut", "hello", true)?;
        api.wait_operation(created.operation.id)?;
        api.wait_instance("cut", InstanceStatus::Running)?;
        appliance.power_off()
    });
}

/// No image and no instance is in a state that something would have to leave.
fn everything_is_settled(api: &Api) -> Result<()> {
    for image in api.images()? {
        ensure!(
            matches!(image.state, ImageState::Ready | ImageState::AwaitingContent),
            "unsettled: {image:?}"
        );
    }
    for instance in api.instances()? {
        ensure!(
            matches!(
                instance.status,
                InstanceStatus::Running | InstanceStatus::Stopped
            ),
            "unsettled: {instance:?}"
        );
    }
    Ok(())
}
