//! Finds out how guests run here, by running one. The presence of `/dev/kvm`
//! says little: some machines have one that no guest survives.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;
use virt::connect::Connect;
use virt::domain::Domain;

use super::domains::{engine, find};
use super::{boot_sector, newest_machine};
use crate::xml::probe_xml;
use crate::{Acceleration, HypervisorError};

const ACTION: &str = "run the tiny guest that shows how guests run";
/// Longest that the tiny guest may take. KVM needs under a second; emulation
/// inside an emulated machine some ten.
const DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// Tries KVM, then emulation. An error means that not even emulation works.
pub(super) fn run(connection: &Connect, scratch: &Path) -> Result<Acceleration, HypervisorError> {
    match try_guest(connection, scratch, Acceleration::Kvm) {
        Ok(()) => return Ok(Acceleration::Kvm),
        Err(lost @ HypervisorError::Unreachable(_)) => return Err(lost),
        Err(error) => tracing::info!(%error, "no guest runs on KVM; trying emulation"),
    }
    // The same guest in emulation: if it fails too, something else is wrong,
    // and the verdict on KVM is worth nothing.
    try_guest(connection, scratch, Acceleration::Emulation)?;
    Ok(Acceleration::Emulation)
}

fn try_guest(
    connection: &Connect,
    scratch: &Path,
    acceleration: Acceleration,
) -> Result<(), HypervisorError> {
    let machine = newest_machine(connection, acceleration)?;
    let id = probe_id(acceleration);
    // A crash may have left one.
    if let Some(stale) = find(connection, id)? {
        stale.destroy().map_err(engine(ACTION))?;
    }
    let files = ProbeFiles::create(scratch, acceleration).map_err(|e| io_failed(scratch, &e))?;
    let xml = probe_xml(id, acceleration, &machine, &files.disk, &files.output);
    let domain = connection
        .create_domain_xml(&xml, 0)
        .map_err(engine(ACTION))?;
    let guest = RunningGuest(domain);
    wait_for_message(&guest.0, &files.output)
}

/// Always the same, so that what a crash left is found again.
fn probe_id(acceleration: Acceleration) -> Uuid {
    match acceleration {
        Acceleration::Kvm => Uuid::from_u128(0x6d65_6768_7072_4f62_8e00_0000_006b_766d),
        Acceleration::Emulation => Uuid::from_u128(0x6d65_6768_7072_4f62_8e00_0000_7465_6d75),
    }
}

fn wait_for_message(domain: &Domain, output: &Path) -> Result<(), HypervisorError> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        // Asked before reading: a guest that ended has printed all it will,
        // save for what the log daemon still has in its hands.
        let alive = domain.is_active().unwrap_or(false);
        if fs::read(output)
            .unwrap_or_default()
            .starts_with(boot_sector::MESSAGE)
        {
            return Ok(());
        }
        let cause = match (alive, Instant::now() > deadline) {
            (true, false) => {
                thread::sleep(POLL);
                continue;
            }
            (true, true) => format!("it printed nothing within {} s", DEADLINE.as_secs()),
            (false, _) => "it ended without printing anything".into(),
        };
        return Err(HypervisorError::Engine {
            action: ACTION,
            cause,
        });
    }
}

fn io_failed(scratch: &Path, error: &io::Error) -> HypervisorError {
    let cause = format!("{}: {error}", scratch.display());
    HypervisorError::Engine {
        action: ACTION,
        cause,
    }
}

/// Cuts the guest off when the probe is over.
struct RunningGuest(Domain);

impl Drop for RunningGuest {
    fn drop(&mut self) {
        // It usually is off already, and a transient domain gone with it.
        let _gone = self.0.destroy();
    }
}

/// The guest's disk and output, removed when the probe is over.
struct ProbeFiles {
    disk: PathBuf,
    output: PathBuf,
}

impl ProbeFiles {
    fn create(scratch: &Path, acceleration: Acceleration) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(scratch)?;
        let name = crate::xml::domain_type(acceleration);
        let files = Self {
            disk: scratch.join(format!("probe-{name}.img")),
            output: scratch.join(format!("probe-{name}.out")),
        };
        files.remove();
        fs::write(&files.disk, boot_sector::sector())?;
        Ok(files)
    }

    fn remove(&self) {
        for path in [&self.disk, &self.output] {
            let _absent = fs::remove_file(path);
        }
    }
}

impl Drop for ProbeFiles {
    fn drop(&mut self) {
        self.remove();
    }
}
