//! `meghd` killed in the middle of its work: afterwards the API tells the
//! truth, the retry succeeds, and libvirt has nothing that the API does not know.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use megh_api_types::{ImageState, InstanceStatus, ProblemCode};
use megh_qemu_tests::api::Api;
use megh_qemu_tests::guest::boot_sector_disk;
use megh_qemu_tests::on_host::{Daemon, PrivateLibvirt};
use megh_qemu_tests::{Lab, scenario};
use uuid::Uuid;

/// Moments after a request at which the daemon is killed: before it has read
/// it, while it decides, and while its operation is at work.
const MOMENTS: [u64; 4] = [0, 10, 60, 400];

#[test]
fn a_daemon_killed_during_an_upload_takes_the_content_again() {
    scenario("killed in upload", |lab| {
        let mut world = World::new(lab)?;
        for (round, moment) in MOMENTS.into_iter().enumerate() {
            let name = format!("image-{round}");
            let content = std::fs::read(&world.guest)?;
            world.api.announce_image(&name)?;
            world.killed_after(moment, |api| api.send_content(&name, content.clone()))?;
            if world.api.image(&name)?.state != ImageState::Ready {
                let accepted = world.api.send_content(&name, content)?;
                world.api.wait_operation(accepted.operation.id)?;
            }
            let image = world.api.image(&name)?;
            ensure!(
                image.state == ImageState::Ready,
                "after the retry: {image:?}"
            );
            world.truth_is_told()?;
        }
        Ok(())
    });
}

#[test]
fn a_daemon_killed_during_a_creation_ends_with_one_instance_or_none() {
    scenario("killed in create", |lab| {
        let mut world = World::new(lab)?;
        world.api.upload_image("hello", &world.guest)?;
        for (round, moment) in MOMENTS.into_iter().enumerate() {
            let name = format!("instance-{round}");
            world.killed_after(moment, |api| api.create_instance(&name, "hello", true))?;
            world.truth_is_told()?;
            if let Err(error) = world.api.instance(&name) {
                ensure!(error.code() == Some(ProblemCode::NotFound), "{error}");
                let accepted = world.api.create_instance(&name, "hello", true)?;
                world.api.wait_operation(accepted.operation.id)?;
            }
            world.api.wait_instance(&name, InstanceStatus::Running)?;
            world.truth_is_told()?;
            world.remove(&name)?;
        }
        Ok(())
    });
}

#[test]
fn a_daemon_killed_during_a_start_or_a_removal_finishes_it() {
    scenario("killed in start and delete", |lab| {
        let mut world = World::new(lab)?;
        world.api.upload_image("hello", &world.guest)?;
        for (round, moment) in MOMENTS.into_iter().enumerate() {
            let name = format!("instance-{round}");
            let created = world.api.create_instance(&name, "hello", false)?;
            world.api.wait_operation(created.operation.id)?;

            world.killed_after(moment, |api| api.start(&name))?;
            world.truth_is_told()?;
            if world.api.instance(&name)?.status != InstanceStatus::Running {
                let accepted = world.api.start(&name)?;
                world.api.wait_operation(accepted.operation.id)?;
            }
            world.api.wait_instance(&name, InstanceStatus::Running)?;

            let stopped = world.api.force_stop(&name)?;
            world.api.wait_operation(stopped.operation.id)?;
            world.killed_after(moment, |api| api.delete_instance(&name))?;
            world.truth_is_told()?;
            if world.api.instance(&name).is_ok() {
                world.remove(&name)?;
            }
            world.truth_is_told()?;
            ensure!(
                world.libvirt.domains()?.is_empty(),
                "libvirt keeps a removed machine"
            );
        }
        Ok(())
    });
}

/// A daemon, its libvirt, and a client of both.
struct World<'a> {
    lab: &'a Lab,
    guest: PathBuf,
    api: Api,
    daemon: Daemon,
    libvirt: PrivateLibvirt,
}

impl<'a> World<'a> {
    fn new(lab: &'a Lab) -> Result<Self> {
        let libvirt = PrivateLibvirt::start(lab)?;
        let (daemon, api) = Daemon::claimed(lab, &libvirt)?;
        Ok(Self {
            lab,
            guest: boot_sector_disk(lab.dir())?,
            api,
            daemon,
            libvirt,
        })
    }

    /// Sends a request, kills the daemon some milliseconds later, starts it
    /// again and waits until it has no work left. Whether the request was
    /// answered does not matter.
    fn killed_after<T: Send, E: Send>(
        &mut self,
        milliseconds: u64,
        request: impl FnOnce(&Api) -> Result<T, E> + Send,
    ) -> Result<()> {
        let (api, daemon) = (&self.api, &mut self.daemon);
        let answered = thread::scope(|scope| {
            let sender = scope.spawn(move || request(api).is_ok());
            thread::sleep(Duration::from_millis(milliseconds));
            daemon.kill();
            sender.join().unwrap_or(false)
        });
        self.lab.say(&format!(
            "killed after {milliseconds} ms, answered: {answered}"
        ));
        self.api = self.daemon.restart()?;
        // The daemon finds out how guests run by running one of its own.
        self.api.wait_until(
            "the daemon knows how guests run",
            Duration::from_secs(60),
            Api::system,
            |system| system.acceleration.is_some(),
        )?;
        self.api.wait_idle()
    }

    /// The API and libvirt agree on what there is and what runs.
    fn truth_is_told(&self) -> Result<()> {
        let instances = self.api.instances()?;
        for instance in &instances {
            ensure!(
                matches!(
                    instance.status,
                    InstanceStatus::Running | InstanceStatus::Stopped
                ),
                "unsettled: {instance:?}"
            );
        }
        let known: BTreeSet<Uuid> = instances.iter().map(|one| one.id).collect();
        let running = instances
            .iter()
            .filter(|one| one.status == InstanceStatus::Running);
        let running: BTreeSet<Uuid> = running.map(|one| one.id).collect();
        let domains = self.libvirt.domains()?;
        ensure!(
            domains.is_subset(&known),
            "libvirt has {domains:?}, the API knows {known:?}"
        );
        let alive = self.libvirt.running_domains()?;
        ensure!(
            alive == running,
            "libvirt runs {alive:?}, the API says {running:?}"
        );
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        if self.api.instance(name)?.status == InstanceStatus::Running {
            let stopped = self.api.force_stop(name)?;
            self.api.wait_operation(stopped.operation.id)?;
        }
        let deleted = self.api.delete_instance(name)?;
        self.api.wait_operation(deleted.operation.id).map(drop)
    }
}
