//! The store's own tables beside the application's.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::encoding::{seal, unseal};
use crate::error::{FatalError, FaultSite};
use crate::log::record::{MembersRecord, RecordId};
use crate::sqlite::{Durability, Kind};
use crate::types::{LogId, Membership};

pub(super) const KIND: Kind = Kind {
    application_id: 0x4d47_5354,
    format: 1,
    schema: "CREATE TABLE _store_meta(name TEXT PRIMARY KEY, value BLOB NOT NULL)
               STRICT, WITHOUT ROWID;
             CREATE TABLE _store_requests(id BLOB PRIMARY KEY, entry INTEGER NOT NULL)
               STRICT, WITHOUT ROWID;
             CREATE INDEX _store_requests_by_entry ON _store_requests(entry);
             CREATE TABLE _store_answers(
               principal TEXT NOT NULL, key TEXT NOT NULL, request_hash BLOB NOT NULL,
               answer BLOB NOT NULL, at_ms INTEGER NOT NULL, entry INTEGER NOT NULL,
               PRIMARY KEY(principal, key)) STRICT, WITHOUT ROWID;
             CREATE INDEX _store_answers_by_time ON _store_answers(at_ms);
             CREATE TABLE _store_migrations(
               number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL,
               entry INTEGER NOT NULL) STRICT;",
    durability: Durability::Checkpoint,
};

/// The store's own facts in the state file.
#[derive(Clone, Copy)]
pub(super) struct Meta<'a> {
    pub(super) connection: &'a Connection,
    pub(super) site: FaultSite<'a>,
}

impl Meta<'_> {
    /// Position of the last applied entry.
    pub(super) fn applied(self) -> Result<Option<LogId>, FatalError> {
        Ok(self.get::<RecordId>("applied")?.map(LogId::from))
    }

    pub(super) fn set_applied(self, position: LogId) -> Result<(), FatalError> {
        self.set("applied", &RecordId::from(position))
    }

    /// The members, and the entry they came with.
    pub(super) fn members(self) -> Result<Membership, FatalError> {
        let members = self.get::<MembersRecord>("members")?;
        Ok(members.map(Membership::from).unwrap_or_default())
    }

    pub(super) fn set_members(self, members: &Membership) -> Result<(), FatalError> {
        self.set("members", &MembersRecord::from(members))
    }

    /// Index of the last entry that changed rows.
    pub(super) fn head(self) -> Result<u64, FatalError> {
        Ok(self.get("head")?.unwrap_or(0))
    }

    pub(super) fn set_head(self, head: u64) -> Result<(), FatalError> {
        self.set("head", &head)
    }

    /// How often the state was put back to an earlier one.
    pub(super) fn epoch(self) -> Result<u64, FatalError> {
        Ok(self.get("epoch")?.unwrap_or(0))
    }

    pub(super) fn set_epoch(self, epoch: u64) -> Result<(), FatalError> {
        self.set("epoch", &epoch)
    }

    fn get<T: DeserializeOwned>(self, name: &str) -> Result<Option<T>, FatalError> {
        let sql = "SELECT value FROM _store_meta WHERE name = ?1";
        let sealed = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut get| {
                get.query_row([name], |row| row.get::<_, Vec<u8>>(0))
                    .optional()
            })
            .map_err(|error| self.site.fault(&error))?;
        let value = sealed.map(|sealed| unseal(&sealed)).transpose();
        value.map_err(|detail| self.site.corrupt(format!("{name}: {detail}")))
    }

    fn set<T: Serialize>(self, name: &str, value: &T) -> Result<(), FatalError> {
        let sealed = seal(value).map_err(|error| self.site.corrupt(error))?;
        let sql = "INSERT OR REPLACE INTO _store_meta(name, value) VALUES (?1, ?2)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut set| set.execute((name, sealed)))
            .map_err(|error| self.site.fault(&error))?;
        Ok(())
    }
}
