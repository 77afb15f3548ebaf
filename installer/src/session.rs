//! What the ways to an installation share: looking around, deciding, and being
//! the only one who installs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_host::command::CommandError;
use megh_host::gpt::Identities;
use megh_model::answers::Answers;
use megh_model::name::Name;
use nix::fcntl::{Flock, FlockArg};
use uuid::Uuid;

use crate::candidates::{self, Candidate, MatchError, Refusal};
use crate::execute::{ExecuteError, Task, execute};
use crate::place::Place;
use crate::plan::{Draws, Plan, PlanError};
use crate::progress::Event;
use crate::release::{Release, ReleaseError};

/// Why there is nothing to execute.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The release cannot be used.
    #[error("the release is refused")]
    Release(#[from] ReleaseError),
    /// The disks cannot be listed.
    #[error("cannot list the disks")]
    Disks(#[from] CommandError),
    /// No disk fits the answers.
    #[error(transparent)]
    Match(#[from] MatchError),
    /// There is no disk of this name.
    #[error("there is no disk {0}")]
    NoDisk(String),
    /// The chosen disk is refused.
    #[error("disk {disk} is refused: {reason}")]
    Refused {
        /// The disk.
        disk: String,
        /// Why.
        reason: Refusal,
    },
    /// The release does not fit the disk.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Somebody else installs.
    #[error("another installation is running on this machine")]
    Busy,
    /// The directory for mount points and lock cannot be used.
    #[error("cannot prepare {}", path.display())]
    Run {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SessionError {
    /// Whether only the release's age speaks against it, so that a person's
    /// word lets it pass.
    pub fn is_age(&self) -> bool {
        matches!(self, Self::Release(error) if error.is_age())
    }
}

/// What was found on this machine.
#[derive(Debug)]
pub struct Session<'m> {
    /// The machine.
    pub machine: &'m dyn Machine,
    /// Where things lie on it.
    pub place: &'m Place,
    /// The release to be installed.
    pub release: Release,
    /// Every disk with the verdict on it.
    pub candidates: Vec<Candidate>,
}

impl<'m> Session<'m> {
    /// Opens the release and looks at the disks.
    pub fn open(machine: &'m dyn Machine, place: &'m Place) -> Result<Self, SessionError> {
        let release = Release::open(machine, &place.release, &place.keys, place.allow_expired)?;
        let candidates = candidates::judge(place.disks(machine)?, place.firmware);
        Ok(Self {
            machine,
            place,
            release,
            candidates,
        })
    }

    /// Plans what the answers ask for.
    pub fn plan_by_answers(&self, answers: &Answers) -> Result<Plan, SessionError> {
        let candidate = candidates::find(&self.candidates, &answers.target)?;
        let plan = self.plan(candidate, answers.host_name.clone())?;
        Ok(Plan {
            enrol_secure_boot: answers.enrol_secure_boot,
            ..plan
        })
    }

    /// Plans for the disk with this name (`sda` or `/dev/sda`).
    pub fn plan_by_name(&self, disk: &str, host_name: Option<Name>) -> Result<Plan, SessionError> {
        let name = disk.strip_prefix("/dev/").unwrap_or(disk);
        let candidate = self.candidates.iter().find(|c| c.disk.name == name);
        self.plan(
            candidate.ok_or_else(|| SessionError::NoDisk(name.to_owned()))?,
            host_name,
        )
    }

    fn plan(&self, candidate: &Candidate, host_name: Option<Name>) -> Result<Plan, SessionError> {
        let Candidate { disk, verdict } = candidate;
        let layout = verdict.as_ref().map_err(|reason| SessionError::Refused {
            disk: disk.name.clone(),
            reason: reason.clone(),
        })?;
        let manifest = self.release.manifest();
        Ok(Plan::new(
            disk,
            layout,
            self.place.firmware,
            manifest,
            host_name,
            Draws::random(),
        )?)
    }

    /// Carries a plan out. The lock shows that nobody else does.
    pub fn execute(
        &self,
        plan: &Plan,
        _lock: &Lock,
        report: &mut dyn FnMut(Event),
    ) -> Result<(), ExecuteError> {
        let other_partitions: BTreeSet<Uuid> = self
            .candidates
            .iter()
            .filter(|c| c.disk.path != plan.device)
            .flat_map(|c| c.disk.partitions.iter().copied())
            .collect();
        report(Event::Plan {
            version: plan.version.clone(),
            disk: plan.disk.clone(),
            loses: plan.loses.clone(),
        });
        let identities = Identities::random();
        let task = Task {
            release: &self.release,
            plan,
            identities,
            other_partitions,
            run: &self.place.run,
            secure_boot: &self.place.secure_boot,
        };
        execute(self.machine, &task, report)
    }
}

/// Held by whoever installs, or has the turn; given up when dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] Flock<File>);

impl Lock {
    /// Takes the lock, or says [`SessionError::Busy`].
    pub fn take(place: &Place) -> Result<Self, SessionError> {
        let path = place.run.join("lock");
        let fail = |source: io::Error| SessionError::Run {
            path: path.clone(),
            source,
        };
        match lock_file(place, &path, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Self(lock)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(SessionError::Busy),
            Err(error) => Err(fail(error)),
        }
    }

    /// Waits for the turn at what `name` stands for: several terminals run an
    /// installer each, and what they mount has one place.
    pub fn wait(place: &Place, name: &str) -> io::Result<Self> {
        lock_file(place, &place.run.join(name), FlockArg::LockExclusive).map(Self)
    }
}

fn lock_file(place: &Place, path: &Path, how: FlockArg) -> io::Result<Flock<File>> {
    fs::create_dir_all(&place.run)?;
    Flock::lock(File::create(path)?, how).map_err(|(_, errno)| errno.into())
}

/// An error with all its causes.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
