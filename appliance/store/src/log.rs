//! The raft log: a database file of its own, in which an entry is on the
//! disk before it counts.

mod reader;
pub(crate) mod record;
mod writer;

use std::fmt::Debug;
use std::fs::File;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::Arc;

use openraft::storage::{LogFlushed, LogState, RaftLogStorage};
use openraft::{AnyError, ErrorSubject, ErrorVerb, OptionalSend, RaftLogReader, StorageIOError};

use crate::encoding::seal;
use crate::error::{FatalError, StoreError};
use crate::fault::FaultCell;
use crate::log::reader::Reader;
use crate::log::record::{Record, VoteRecord};
use crate::log::writer::{Edit, Writer};
use crate::sqlite::{self, Durability, Kind};
use crate::types::{Entry, LogId, StorageError, TypeConfig, Vote};
use crate::worker::Worker;

const KIND: Kind = Kind {
    application_id: 0x4d47_4c47,
    format: 1,
    schema: "CREATE TABLE log(position INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
             CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    durability: Durability::EveryCommit,
};

/// The raft log. Clones share the file.
#[derive(Clone)]
pub(crate) struct Log {
    reader: Reader,
    writer: Writer,
}

impl Log {
    /// Opens or creates the file and starts its writer; the worker is the
    /// writer's thread, to be joined after [`Log::stop`]. The thread holds the
    /// lock until it ends.
    pub(crate) fn open(
        path: &Path,
        lock: Arc<File>,
        fault: FaultCell,
    ) -> Result<(Self, Worker), StoreError> {
        let connection = sqlite::open(path, KIND)?;
        let reader = Reader::open(path, fault.clone())?;
        let (writer, worker) = Writer::start(connection, path, lock, fault)?;
        Ok((Self { reader, writer }, worker))
    }

    /// Ends the writer once it has done what was asked before.
    pub(crate) fn stop(&self) {
        self.writer.stop();
    }

    /// True when nothing was ever written.
    pub(crate) fn is_new(&self) -> Result<bool, FatalError> {
        Ok(self.reader.vote()?.is_none() && self.reader.last()?.is_none())
    }

    /// The position up to which entries were removed.
    pub(crate) fn purged(&self) -> Result<Option<LogId>, FatalError> {
        self.reader.purged()
    }
}

fn failed(verb: ErrorVerb, error: &FatalError) -> StorageError {
    StorageIOError::new(ErrorSubject::Logs, verb, AnyError::new(error)).into()
}

fn unencodable(error: &rmp_serde::encode::Error) -> StorageError {
    StorageIOError::new(ErrorSubject::Logs, ErrorVerb::Write, AnyError::new(error)).into()
}

impl RaftLogReader<TypeConfig> for Log {
    async fn try_get_log_entries<R>(&mut self, range: R) -> Result<Vec<Entry>, StorageError>
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let from = match range.start_bound() {
            Bound::Included(index) => *index,
            Bound::Excluded(index) => index.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let until = match range.end_bound() {
            Bound::Included(index) => index.saturating_add(1),
            Bound::Excluded(index) => *index,
            Bound::Unbounded => u64::MAX,
        };
        self.reader
            .entries(from, until)
            .map_err(|error| failed(ErrorVerb::Read, &error))
    }
}

impl RaftLogStorage<TypeConfig> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError> {
        let state = || {
            let purged = self.reader.purged()?;
            let last = self.reader.last()?.or(purged);
            Ok(LogState {
                last_purged_log_id: purged,
                last_log_id: last,
            })
        };
        state().map_err(|error: FatalError| failed(ErrorVerb::Read, &error))
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let sealed = seal(&VoteRecord::from(*vote)).map_err(|error| unencodable(&error))?;
        let saved = self.writer.edit(Edit::Vote(sealed)).await;
        saved.map_err(|error| failed(ErrorVerb::Write, &error))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        let vote = self.reader.vote();
        vote.map_err(|error| failed(ErrorVerb::Read, &error))
    }

    async fn append<I>(
        &mut self,
        entries: I,
        flushed: LogFlushed<TypeConfig>,
    ) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut records = Vec::new();
        for entry in entries {
            let index = entry.log_id.index;
            let sealed = seal(&Record::from(entry)).map_err(|error| unencodable(&error))?;
            records.push((index, sealed));
        }
        let appended = self.writer.edit(Edit::Append(records)).await;
        flushed.log_io_completed(appended.clone().map_err(std::io::Error::other));
        appended.map_err(|error| failed(ErrorVerb::Write, &error))
    }

    async fn truncate(&mut self, from: LogId) -> Result<(), StorageError> {
        let truncated = self.writer.edit(Edit::Truncate(from.index)).await;
        truncated.map_err(|error| failed(ErrorVerb::Delete, &error))
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), StorageError> {
        let sealed = seal(&record::RecordId::from(upto)).map_err(|error| unencodable(&error))?;
        let purged = self.writer.edit(Edit::Purge(upto.index, sealed)).await;
        purged.map_err(|error| failed(ErrorVerb::Delete, &error))
    }
}
