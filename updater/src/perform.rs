//! Carrying out the slot machine's writes, one after another.

use megh_host::Machine;
use megh_model::boot_env::{BootEnv, GoodMark, MARK_FILE, Marker};
use megh_model::slot::Slot;
use megh_model::update::machine::Write;
use megh_model::update::{SLOT_FILE, SlotRecord, SlotState};

use crate::boot_env::PutError;
use crate::look::Found;
use crate::volumes::Volumes;
use crate::{BootDisk, UpdateError};

/// What the writes are made with.
pub(crate) struct Performer<'a> {
    pub(crate) machine: &'a dyn Machine,
    pub(crate) disk: &'a BootDisk,
    pub(crate) volumes: &'a Volumes<'a>,
    pub(crate) found: &'a Found,
    /// Seconds since 1970.
    pub(crate) now: u64,
}

impl Performer<'_> {
    /// Makes the writes in their order. Each has reached the medium before the
    /// next begins; the first that fails is the last.
    pub(crate) fn all(&self, writes: &[Write]) -> Result<(), UpdateError> {
        let trial = writes.iter().any(|write| match write {
            Write::Env(env) => env.choice().on_trial().is_some(),
            _ => false,
        });
        for write in writes {
            tracing::info!(?write, "write");
            match *write {
                Write::Env(env) => self.env(env)?,
                Write::Marker(marker) => self.marker(marker, trial)?,
                Write::Mark(slot, number) => self.mark(slot, number)?,
                Write::State(slot, state) => self.state(slot, state)?,
            }
        }
        Ok(())
    }

    fn env(&self, env: BootEnv) -> Result<(), UpdateError> {
        let put = self.volumes.env().put(self.machine, env);
        put.map_err(|error| self.not_put(error))
    }

    /// A trial needs its marker; anything else can do without.
    fn marker(&self, marker: Marker, trial: bool) -> Result<(), UpdateError> {
        match self.volumes.env().put_marker(self.machine, marker) {
            Err(PutError::NotMounted) if !trial => {
                tracing::warn!("the loader's marker is not mounted");
                Ok(())
            }
            put => put.map_err(|error| self.not_put(error)),
        }
    }

    fn not_put(&self, error: PutError) -> UpdateError {
        match error {
            PutError::NotMounted => {
                UpdateError::not_mounted(&self.disk.name, &self.volumes.missing_esps())
            }
            PutError::Write { path, source } => UpdateError::file("write", path)(source),
        }
    }

    fn mark(&self, slot: Slot, number: u64) -> Result<(), UpdateError> {
        let mark = GoodMark {
            sequence: Some(number),
            root: self.disk.root_hash,
            version: self.disk.version.clone(),
        };
        self.overwrite(slot, MARK_FILE, &mark.to_bytes())
    }

    fn state(&self, slot: Slot, state: SlotState) -> Result<(), UpdateError> {
        let kept = self.found.slot(slot).record.clone();
        let record = SlotRecord {
            state,
            at: self.now,
            ..kept.unwrap_or_else(|| self.lost_record())
        };
        self.overwrite(slot, SLOT_FILE, &record.to_bytes())
    }

    /// For a slot whose record is gone: only of the running one the slot
    /// machine then asks for a state.
    fn lost_record(&self) -> SlotRecord {
        SlotRecord {
            schema: 1,
            state: SlotState::OnTrial,
            version: self.disk.version.clone(),
            root_hash: self.disk.root_hash.to_string(),
            at: self.now,
            fetched: 0,
            size: 0,
        }
    }

    fn overwrite(&self, slot: Slot, name: &str, bytes: &[u8]) -> Result<(), UpdateError> {
        let role = megh_model::layout::PartitionRole::boot(slot);
        let boot = self
            .volumes
            .boot(slot)
            .ok_or_else(|| UpdateError::NoPartition {
                disk: self.disk.name.clone(),
                role,
            })?;
        let path = boot.join(name);
        self.machine
            .overwrite(&path, bytes)
            .map_err(UpdateError::file("write", path))
    }
}
