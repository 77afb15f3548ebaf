//! From the wish for an instance to its running, against `virsh` alone.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use megh_api_types::OperationStatus;
use megh_host::command::Cmd;
use regex::Regex;

use super::median;
use super::report::Ratio;
use crate::Lab;
use crate::api::Api;
use crate::guest::boot_sector_disk;
use crate::on_host::{Daemon, PrivateLibvirt};

const NAME: &str = "measured";
const WITHIN: Duration = Duration::from_secs(60);

/// The medians of both ways, on the same libvirt.
pub(super) fn creation(lab: &Lab, runs: usize) -> Result<Ratio> {
    let libvirt = PrivateLibvirt::start(lab)?;
    let (_daemon, api) = Daemon::claimed(lab, &libvirt)?;
    let guest = boot_sector_disk(lab.dir())?;
    api.upload_image("hello", &guest)?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..runs.max(5) {
        ours.push(through_api(&api)?);
        let definition = libvirt
            .virsh(&["dumpxml", "--inactive", &id(&api)?])
            .stdout()?;
        let stopped = api.force_stop(NAME)?;
        api.wait_operation(stopped.operation.id)?;
        let deleted = api.delete_instance(NAME)?;
        api.wait_operation(deleted.operation.id)?;
        bare.push(through_virsh(lab, &libvirt, &definition, &guest)?);
    }
    let ratio = Ratio {
        ours: median(ours),
        bare: median(bare),
    };
    lab.say(&format!(
        "creation: {:.2} s, with virsh alone {:.2} s",
        ratio.ours, ratio.bare
    ));
    Ok(ratio)
}

fn id(api: &Api) -> Result<String> {
    Ok(api.instance(NAME)?.id.to_string())
}

fn through_api(api: &Api) -> Result<f64> {
    let started = Instant::now();
    let accepted = api.create_instance(NAME, "hello", true)?;
    loop {
        let operation = api.operation(accepted.operation.id)?;
        match operation.status {
            OperationStatus::Succeeded => return Ok(started.elapsed().as_secs_f64()),
            OperationStatus::Failed => bail!("{operation:?}"),
            OperationStatus::Running if started.elapsed() > WITHIN => bail!("{operation:?}"),
            OperationStatus::Running => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Copies the disk, defines the same machine and starts it, then takes all away.
fn through_virsh(
    lab: &Lab,
    libvirt: &PrivateLibvirt,
    definition: &str,
    guest: &Path,
) -> Result<f64> {
    let disk = Regex::new("<source file='([^']+)'")
        .context("the pattern")?
        .captures(definition)
        .context("the machine has no disk")?[1]
        .to_owned();
    let name = Regex::new("<name>([^<]+)</name>")
        .context("the pattern")?
        .captures(definition)
        .context("the machine has no name")?[1]
        .to_owned();
    let file = lab.path("measured.xml");
    fs::write(&file, definition).context("writing the definition")?;
    if let Some(folder) = Path::new(&disk).parent() {
        fs::create_dir_all(folder).context("making the disk's folder")?;
    }
    let started = Instant::now();
    let format = if definition.contains("type='qcow2'") {
        "qcow2"
    } else {
        "raw"
    };
    Cmd::new("qemu-img")
        .args(["convert", "-O", format])
        .arg(guest)
        .arg(&disk)
        .run()?;
    libvirt.virsh(&["define"]).arg(&file).run()?;
    libvirt.virsh(&["start", &name]).run()?;
    let seconds = started.elapsed().as_secs_f64();
    libvirt.virsh(&["destroy", &name]).run()?;
    libvirt.virsh(&["undefine", "--nvram", &name]).run()?;
    let _ = fs::remove_file(&disk);
    Ok(seconds)
}
