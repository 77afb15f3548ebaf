//! Finds out how guests run here, by running one. The presence of `/dev/kvm`
//! says little: some machines have one that no guest survives, or one that
//! imitates the processor in software and runs a boot sector, but no kernel.
//! So KVM needs both: a processor with the extension, and a guest that ran.

use std::fs::{self, DirBuilder, OpenOptions};
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
/// Longest that the tiny guest may take: on KVM it needs under a second, in
/// emulation inside an emulated machine some ten.
const KVM_DEADLINE: Duration = Duration::from_secs(15);
const EMULATION_DEADLINE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);

/// Size of the guest's disk: SeaBIOS does not start from one of a single sector.
const DISK: u64 = 1 << 20;

/// Tries KVM, then emulation. An error means that not even emulation works.
pub(super) fn run(connection: &Connect, scratch: &Path) -> Result<Acceleration, HypervisorError> {
    if virtualizes(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()) {
        match try_guest(connection, scratch, Acceleration::Kvm) {
            Ok(()) => return Ok(Acceleration::Kvm),
            Err(lost @ HypervisorError::Unreachable(_)) => return Err(lost),
            Err(error) => tracing::warn!(%error, "no guest runs on KVM; trying emulation"),
        }
    } else {
        tracing::info!("the processor shows no virtualization extension; guests are emulated");
    }
    // The same guest in emulation: if it fails too, something else is wrong,
    // and the verdict on KVM is worth nothing.
    try_guest(connection, scratch, Acceleration::Emulation)?;
    Ok(Acceleration::Emulation)
}

/// Whether `/proc/cpuinfo` shows Intel's or AMD's virtualization extension.
fn virtualizes(cpuinfo: &str) -> bool {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|flags| {
        flags
            .split_whitespace()
            .any(|flag| matches!(flag, "vmx" | "svm"))
    })
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
    let deadline = match acceleration {
        Acceleration::Kvm => KVM_DEADLINE,
        Acceleration::Emulation => EMULATION_DEADLINE,
    };
    wait_for_message(&guest.0, &files.output, deadline)
}

/// Always the same, so that what a crash left is found again.
fn probe_id(acceleration: Acceleration) -> Uuid {
    match acceleration {
        Acceleration::Kvm => Uuid::from_u128(0x6d65_6768_7072_4f62_8e00_0000_006b_766d),
        Acceleration::Emulation => Uuid::from_u128(0x6d65_6768_7072_4f62_8e00_0000_7465_6d75),
    }
}

fn wait_for_message(
    domain: &Domain,
    output: &Path,
    limit: Duration,
) -> Result<(), HypervisorError> {
    let deadline = Instant::now() + limit;
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
            (true, true) => format!("it printed nothing within {} s", limit.as_secs()),
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
        OpenOptions::new()
            .write(true)
            .open(&files.disk)?
            .set_len(DISK)?;
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

#[cfg(test)]
mod tests {
    use super::virtualizes;

    #[test]
    fn the_extension_is_a_flag_of_its_own() {
        assert!(virtualizes("processor : 0\nflags\t: fpu vmx sse\nbugs : x"));
        assert!(virtualizes("flags\t: svm"));
        assert!(!virtualizes(
            "model name : svm vmx\nflags : fpu avmx vmx2\nvmx flags : vnmi"
        ));
        assert!(!virtualizes(""));
    }
}
