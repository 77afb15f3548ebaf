//! A hypervisor in memory, for tests of what uses one.
//!
//! [`FakeHypervisor`] is a handle: its clones share one world, so a test can
//! drop the daemon, start another on a clone, and see whether it finds its way.

mod faults;
mod guest;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard};

use uuid::Uuid;

use self::faults::Faults;
pub use self::faults::Moment;
use self::guest::Wire;
use crate::{
    Acceleration, Console, DomainEntry, DomainSpec, DomainState, Hypervisor, HypervisorError,
    StopMode,
};

/// A call of [`Hypervisor`], to name which one is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// [`Hypervisor::acceleration`].
    Acceleration,
    /// [`Hypervisor::define`].
    Define,
    /// [`Hypervisor::start`].
    Start,
    /// [`Hypervisor::stop`].
    Stop,
    /// [`Hypervisor::undefine`].
    Undefine,
    /// [`Hypervisor::state`].
    State,
    /// [`Hypervisor::list`].
    List,
    /// [`Hypervisor::open_console`].
    OpenConsole,
}

/// A hypervisor in memory. Clones share their world.
#[derive(Debug, Clone, Default)]
pub struct FakeHypervisor {
    world: Arc<World>,
}

#[derive(Debug, Default)]
struct World {
    domains: Mutex<BTreeMap<Uuid, FakeDomain>>,
    faults: Faults<Call>,
    greeting: Mutex<Vec<u8>>,
    deaf: Mutex<bool>,
}

#[derive(Debug)]
struct FakeDomain {
    /// Absent for a machine that somebody else defined.
    spec: Option<DomainSpec>,
    state: DomainState,
    wire: Arc<Wire>,
}

impl FakeHypervisor {
    /// An empty world.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the `nth` call of this kind from now on fail.
    pub fn fail(&self, call: Call, nth: u32, moment: Moment) {
        self.world.faults.plan(call, nth, moment);
    }

    /// What guests print when they start, on the console and into their log.
    pub fn set_greeting(&self, text: &[u8]) {
        *self
            .world
            .greeting
            .lock()
            .expect("no holder of this lock panics") = text.to_vec();
    }

    /// Whether guests ignore being asked to stop.
    pub fn set_guests_deaf(&self, deaf: bool) {
        *self
            .world
            .deaf
            .lock()
            .expect("no holder of this lock panics") = deaf;
    }

    /// Adds a running machine that somebody else defined.
    pub fn add_foreign(&self, id: Uuid) {
        let domain = FakeDomain {
            spec: None,
            state: DomainState::Running,
            wire: Arc::default(),
        };
        self.domains().insert(id, domain);
    }

    /// The definition of a machine, if it has one.
    pub fn definition(&self, id: Uuid) -> Option<DomainSpec> {
        self.domains()
            .get(&id)
            .and_then(|domain| domain.spec.clone())
    }

    /// Lets a running guest print on its serial port.
    pub fn guest_prints(&self, id: Uuid, text: &[u8]) {
        if let Some(domain) = self.domains().get(&id) {
            domain.print(text);
        }
    }

    /// Lets a guest end by itself, in the given state.
    pub fn guest_ends(&self, id: Uuid, state: DomainState) {
        if let Some(domain) = self.domains().get_mut(&id) {
            domain.end(state);
        }
    }

    /// Everything that was typed on a guest's console.
    pub fn guest_input(&self, id: Uuid) -> Vec<u8> {
        self.domains()
            .get(&id)
            .map(|domain| domain.wire.input())
            .unwrap_or_default()
    }

    fn domains(&self) -> MutexGuard<'_, BTreeMap<Uuid, FakeDomain>> {
        self.world
            .domains
            .lock()
            .expect("no holder of this lock panics")
    }

    /// Runs one call, with the failure that is planned for it.
    fn call<T>(
        &self,
        call: Call,
        body: impl FnOnce(&mut BTreeMap<Uuid, FakeDomain>) -> Result<T, HypervisorError>,
    ) -> Result<T, HypervisorError> {
        let broken = || {
            Err(HypervisorError::Unreachable(format!(
                "{call:?} was told to fail"
            )))
        };
        match self.world.faults.count(&call) {
            None => body(&mut self.domains()),
            Some(Moment::Before) => broken(),
            Some(Moment::After) => body(&mut self.domains()).and_then(|_| broken()),
        }
    }
}

impl FakeDomain {
    fn print(&self, text: &[u8]) {
        self.wire.print(text);
        let Some(spec) = &self.spec else { return };
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&spec.serial_log);
        if let Ok(mut log) = log {
            log.write_all(text)
                .expect("the serial log of a fake guest takes its output");
        }
    }

    fn end(&mut self, state: DomainState) {
        self.state = state;
        self.wire.power_off();
    }
}

/// The machine, if it is one that may be changed.
fn owned(
    domains: &mut BTreeMap<Uuid, FakeDomain>,
    id: Uuid,
) -> Result<&mut FakeDomain, HypervisorError> {
    match domains.get_mut(&id) {
        None => Err(HypervisorError::NotFound(id)),
        Some(domain) if domain.spec.is_none() => Err(HypervisorError::Foreign(id)),
        Some(domain) => Ok(domain),
    }
}

impl Hypervisor for FakeHypervisor {
    fn acceleration(&self) -> Result<Acceleration, HypervisorError> {
        self.call(Call::Acceleration, |_| Ok(Acceleration::Emulation))
    }

    fn define(&self, spec: &DomainSpec) -> Result<(), HypervisorError> {
        self.call(Call::Define, |domains| {
            match owned(domains, spec.id) {
                Ok(domain) => domain.spec = Some(spec.clone()),
                Err(HypervisorError::NotFound(id)) => {
                    let spec = Some(spec.clone());
                    let state = DomainState::Stopped;
                    domains.insert(
                        id,
                        FakeDomain {
                            spec,
                            state,
                            wire: Arc::default(),
                        },
                    );
                }
                Err(other) => return Err(other),
            }
            Ok(())
        })
    }

    fn start(&self, id: Uuid) -> Result<(), HypervisorError> {
        let greeting = self
            .world
            .greeting
            .lock()
            .expect("no holder of this lock panics")
            .clone();
        self.call(Call::Start, |domains| {
            let domain = owned(domains, id)?;
            if domain.state != DomainState::Running {
                domain.wire = Arc::default();
                domain.state = DomainState::Running;
                domain.print(&greeting);
            }
            Ok(())
        })
    }

    fn stop(&self, id: Uuid, mode: StopMode) -> Result<(), HypervisorError> {
        let deaf = *self
            .world
            .deaf
            .lock()
            .expect("no holder of this lock panics");
        self.call(Call::Stop, |domains| {
            let domain = owned(domains, id)?;
            if mode == StopMode::Force || !deaf {
                domain.end(DomainState::Stopped);
            }
            Ok(())
        })
    }

    fn undefine(&self, id: Uuid) -> Result<(), HypervisorError> {
        self.call(Call::Undefine, |domains| match owned(domains, id) {
            Ok(domain) => {
                domain.end(DomainState::Stopped);
                domains.remove(&id);
                Ok(())
            }
            Err(HypervisorError::NotFound(_)) => Ok(()),
            Err(other) => Err(other),
        })
    }

    fn state(&self, id: Uuid) -> Result<Option<DomainState>, HypervisorError> {
        self.call(Call::State, |domains| {
            Ok(domains.get(&id).map(|domain| domain.state))
        })
    }

    fn list(&self) -> Result<Vec<DomainEntry>, HypervisorError> {
        self.call(Call::List, |domains| {
            let entry = |(id, domain): (&Uuid, &FakeDomain)| DomainEntry {
                id: *id,
                state: domain.state,
                ours: domain.spec.is_some(),
            };
            Ok(domains.iter().map(entry).collect())
        })
    }

    fn open_console(&self, id: Uuid) -> Result<Box<dyn Console>, HypervisorError> {
        self.call(Call::OpenConsole, |domains| match owned(domains, id)? {
            domain if domain.state == DomainState::Running => Ok(Box::new(domain.wire.open()) as _),
            _ => Err(HypervisorError::NotRunning(id)),
        })
    }
}
