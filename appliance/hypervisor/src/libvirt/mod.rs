//! The libvirt driver.

mod boot_sector;
mod console;
mod domains;
mod events;
mod link;
mod probe;
mod sys;

use std::path::PathBuf;
use std::sync::Mutex;

use uuid::Uuid;
use virt::connect::Connect;
use virt::domain::Domain;
use virt::sys as raw;

use self::domains::{carries, engine, failed, find, find_ours, is_active, require_ours, state_of};
use self::link::Link;
use crate::xml::{
    INSTANCE_NAMESPACE, PROBE_NAMESPACE, Platform, canonical_machine, domain_type, domain_xml,
    machine_of,
};
use crate::{
    Acceleration, Console, DomainEntry, DomainSpec, DomainState, Hypervisor, HypervisorError,
    StopMode,
};

/// Where libvirt's daemon of this machine is reached.
pub const SYSTEM_URI: &str = "qemu:///system";

/// Everything that libvirt keeps beside a definition goes with it.
const UNDEFINE_FLAGS: raw::virDomainUndefineFlagsValues = raw::VIR_DOMAIN_UNDEFINE_NVRAM
    | raw::VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | raw::VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | raw::VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;

/// Virtual machines through libvirt and QEMU.
///
/// The daemon may be restarted at any time: calls connect again. Guests go on
/// running meanwhile, but their consoles end and have to be opened again.
#[derive(Debug)]
pub struct LibvirtHypervisor {
    link: Link,
    scratch: PathBuf,
    acceleration: Mutex<Option<Acceleration>>,
}

impl LibvirtHypervisor {
    /// A driver for the daemon at `uri`, usually [`SYSTEM_URI`]; it connects
    /// when it is first used. `scratch` is a directory for the probe's files,
    /// made if absent, that QEMU's user must be able to reach.
    pub fn new(uri: impl Into<String>, scratch: impl Into<PathBuf>) -> Self {
        Self {
            link: Link::new(uri.into()),
            scratch: scratch.into(),
            acceleration: Mutex::new(None),
        }
    }

    /// The platform to define a machine on: what is there already stays.
    fn platform(
        &self,
        connection: &Connect,
        existing: Option<&Domain>,
        id: Uuid,
    ) -> Result<Platform, HypervisorError> {
        let acceleration = self.acceleration()?;
        let kept = match existing {
            Some(domain) => {
                let xml = domain.xml_desc(raw::VIR_DOMAIN_XML_INACTIVE);
                machine_of(&xml.map_err(failed("read the definition of", id))?)
            }
            None => None,
        };
        let machine = match kept {
            Some(machine) => machine,
            None => newest_machine(connection, acceleration)?,
        };
        Ok(Platform {
            acceleration,
            machine,
        })
    }
}

/// The versioned machine type that `q35` stands for with this QEMU.
fn newest_machine(
    connection: &Connect,
    acceleration: Acceleration,
) -> Result<String, HypervisorError> {
    const ACTION: &str = "tell its machine types";
    let kind = domain_type(acceleration);
    let capabilities = connection
        .domain_capabilities(None, Some("x86_64"), Some("q35"), Some(kind), 0)
        .map_err(engine(ACTION))?;
    canonical_machine(&capabilities).ok_or_else(|| HypervisorError::Engine {
        action: ACTION,
        cause: "its capabilities name none for q35".into(),
    })
}

impl Hypervisor for LibvirtHypervisor {
    fn acceleration(&self) -> Result<Acceleration, HypervisorError> {
        // Held during the probe, so that there is only one at a time.
        let mut known = self
            .acceleration
            .lock()
            .expect("no holder of this lock panics");
        match *known {
            Some(acceleration) => Ok(acceleration),
            None => {
                let found = self
                    .link
                    .run(|connection| probe::run(connection, &self.scratch))?;
                Ok(*known.insert(found))
            }
        }
    }

    fn define(&self, spec: &DomainSpec) -> Result<(), HypervisorError> {
        self.link.run(|connection| {
            let existing = find_ours(connection, spec.id)?;
            let platform = self.platform(connection, existing.as_ref(), spec.id)?;
            connection
                .define_domain_xml(&domain_xml(spec, &platform))
                .map_err(failed("define", spec.id))?;
            Ok(())
        })
    }

    fn start(&self, id: Uuid) -> Result<(), HypervisorError> {
        self.link.run(|connection| {
            let domain = require_ours(connection, id)?;
            match state_of(&domain, id)? {
                DomainState::Running => Ok(()),
                DomainState::Paused => domain.resume().map_err(failed("resume", id)),
                DomainState::Stopped => match domain.create() {
                    // Somebody was faster.
                    Err(_) if is_active(&domain, id)? => Ok(()),
                    other => other.map_err(failed("start", id)),
                },
                DomainState::Crashed => {
                    power_off(&domain, id)?;
                    domain.create().map_err(failed("start", id))
                }
            }
        })
    }

    fn stop(&self, id: Uuid, mode: StopMode) -> Result<(), HypervisorError> {
        self.link.run(|connection| {
            let domain = require_ours(connection, id)?;
            if mode == StopMode::Force {
                return power_off(&domain, id);
            }
            match state_of(&domain, id)? {
                DomainState::Stopped => Ok(()),
                _ => match domain.shutdown_flags(raw::VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) {
                    Err(_) if !is_active(&domain, id)? => Ok(()),
                    other => other.map_err(failed("ask to stop", id)),
                },
            }
        })
    }

    fn undefine(&self, id: Uuid) -> Result<(), HypervisorError> {
        let result = self.link.run(|connection| {
            let Some(domain) = find_ours(connection, id)? else {
                return Ok(());
            };
            power_off(&domain, id)?;
            domain
                .undefine_flags(UNDEFINE_FLAGS)
                .map_err(failed("undefine", id))
        });
        match result {
            Err(HypervisorError::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    fn state(&self, id: Uuid) -> Result<Option<DomainState>, HypervisorError> {
        self.link.run(|connection| match find(connection, id)? {
            Some(domain) => match state_of(&domain, id) {
                Err(HypervisorError::NotFound(_)) => Ok(None),
                other => other.map(Some),
            },
            None => Ok(None),
        })
    }

    fn list(&self) -> Result<Vec<DomainEntry>, HypervisorError> {
        self.link.run(|connection| {
            let domains = connection
                .list_all_domains(0)
                .map_err(engine("list its machines"))?;
            let mut entries = Vec::with_capacity(domains.len());
            for domain in domains {
                match entry(&domain) {
                    Ok(found) => entries.extend(found),
                    // Removed since it was listed.
                    Err(HypervisorError::NotFound(_)) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok(entries)
        })
    }

    fn open_console(&self, id: Uuid) -> Result<Box<dyn Console>, HypervisorError> {
        self.link.run(|connection| {
            let domain = require_ours(connection, id)?;
            if !is_active(&domain, id)? {
                return Err(HypervisorError::NotRunning(id));
            }
            let console = console::LibvirtConsole::open(connection, &domain);
            Ok(Box::new(console.map_err(failed("open the console of", id))?) as _)
        })
    }
}

/// What the list says of a domain; nothing of the probe's guest.
fn entry(domain: &Domain) -> Result<Option<DomainEntry>, HypervisorError> {
    let id = domain.uuid().map_err(engine("tell the id of a machine"))?;
    let ours = carries(domain, id, INSTANCE_NAMESPACE)?;
    if !ours && carries(domain, id, PROBE_NAMESPACE)? {
        return Ok(None);
    }
    Ok(Some(DomainEntry {
        id,
        state: state_of(domain, id)?,
        ours,
    }))
}

/// Cuts the power; a machine that is off stays off.
fn power_off(domain: &Domain, id: Uuid) -> Result<(), HypervisorError> {
    if !is_active(domain, id)? {
        return Ok(());
    }
    match domain.destroy() {
        Err(_) if !is_active(domain, id)? => Ok(()),
        other => other.map_err(failed("cut off", id)),
    }
}
