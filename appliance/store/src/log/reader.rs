//! Reading the log, on a connection of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;

use crate::encoding::unseal;
use crate::error::{FatalError, FaultSite, StoreError};
use crate::fault::FaultCell;
use crate::log::record::{Record, RecordId, VoteRecord};
use crate::sqlite::{self, position};
use crate::types::{Entry, LogId, Vote};

/// Row of the table `meta` that holds the vote.
pub(super) const VOTE: &str = "vote";
/// Row of the table `meta` that holds the last removed position.
pub(super) const PURGED: &str = "purged";

/// Reads the log. Clones share the connection.
#[derive(Clone)]
pub(super) struct Reader {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
    fault: FaultCell,
}

impl Reader {
    pub(super) fn open(path: &Path, fault: FaultCell) -> Result<Self, StoreError> {
        let site = FaultSite {
            operation: "open",
            path,
        };
        let connection = sqlite::open_reader(path).map_err(|error| site.fault(&error))?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            path: path.to_owned(),
            fault,
        })
    }

    /// The entries from `from` up to but without `until`.
    pub(super) fn entries(&self, from: u64, until: u64) -> Result<Vec<Entry>, FatalError> {
        let sealed = self.ask(|connection| {
            let sql = "SELECT record FROM log WHERE position >= ?1 AND position < ?2
                       ORDER BY position";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((position(from), position(until)), |row| row.get(0))?;
            rows.collect::<Result<Vec<Vec<u8>>, _>>()
        })?;
        sealed
            .iter()
            .map(|record| Ok(self.open_seal::<Record>(record)?.into()))
            .collect()
    }

    /// Position of the last entry.
    pub(super) fn last(&self) -> Result<Option<LogId>, FatalError> {
        let sealed = self.ask(|connection| {
            let sql = "SELECT record FROM log ORDER BY position DESC LIMIT 1";
            connection
                .query_row(sql, [], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        })?;
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let entry = Entry::from(self.open_seal::<Record>(&sealed)?);
        Ok(Some(entry.log_id))
    }

    /// Position up to which entries were removed.
    pub(super) fn purged(&self) -> Result<Option<LogId>, FatalError> {
        Ok(self.meta::<RecordId>(PURGED)?.map(LogId::from))
    }

    /// The last vote.
    pub(super) fn vote(&self) -> Result<Option<Vote>, FatalError> {
        Ok(self.meta::<VoteRecord>(VOTE)?.map(Vote::from))
    }

    fn meta<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FatalError> {
        let sealed = self.ask(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
            statement
                .query_row([name], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        })?;
        sealed.map(|sealed| self.open_seal(&sealed)).transpose()
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, FatalError> {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        question(&connection).map_err(|error| self.fault.report(self.site().fault(&error)))
    }

    fn open_seal<T: DeserializeOwned>(&self, sealed: &[u8]) -> Result<T, FatalError> {
        unseal(sealed).map_err(|detail| self.fault.report(self.site().corrupt(detail)))
    }

    fn site(&self) -> FaultSite<'_> {
        FaultSite {
            operation: "read",
            path: &self.path,
        }
    }
}
