//! Opening database files the one right way.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::error::{FatalError, FaultSite, StoreError};

/// How long a connection waits for another one of this process.
const BUSY: Duration = Duration::from_secs(5);

/// Pause before a copy that met a lock goes on.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// One step for the whole copy, so that no writer comes between.
const ALL_PAGES: i32 = i32::MAX;

/// Statements kept prepared per connection.
const PREPARED: usize = 256;

/// When a commit reaches the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Before `COMMIT` returns: the raft log.
    EveryCommit,
    /// At checkpoints: the state, which the log rebuilds.
    Checkpoint,
}

/// What a database file is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// Marks the file as ours; see `file(1)` and SQLite's `application_id`.
    pub(crate) application_id: i32,
    /// Format of our own tables in it.
    pub(crate) format: i64,
    /// Creates our own tables.
    pub(crate) schema: &'static str,
    /// When commits reach the disk.
    pub(crate) durability: Durability,
}

/// Opens the file for writing, creates our tables in a new one, and refuses
/// a damaged, foreign or newer one.
pub(crate) fn open(path: &Path, kind: Kind) -> Result<Connection, StoreError> {
    let site = FaultSite {
        operation: "open",
        path,
    };
    let fault = |error: rusqlite::Error| StoreError::Fatal(site.fault(&error));
    let connection = Connection::open(path).map_err(fault)?;
    connection.busy_timeout(BUSY).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    check_integrity(&connection, path)?;
    let new = is_empty(&connection).map_err(fault)?;
    if !new {
        check_format(&connection, path, kind)?;
    }
    let synchronous = match kind.durability {
        Durability::EveryCommit => "FULL",
        Durability::Checkpoint => "NORMAL",
    };
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(fault)?;
    connection
        .pragma_update(None, "synchronous", synchronous)
        .map_err(fault)?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(fault)?;
    connection
        .pragma_update(None, "trusted_schema", false)
        .map_err(fault)?;
    if new {
        create_tables(&connection, kind).map_err(fault)?;
    }
    Ok(connection)
}

/// Refuses a file that is damaged, or not of this kind.
pub(crate) fn check(connection: &Connection, path: &Path, kind: Kind) -> Result<(), FatalError> {
    let site = FaultSite {
        operation: "read",
        path,
    };
    check_integrity(connection, path)?;
    check_format(connection, path, kind).map_err(|error| match error {
        StoreError::Fatal(error) => error,
        other => site.corrupt(other),
    })
}

/// Moves what a write-ahead log left by a crash holds into the file, for a
/// copy of a database that nobody has open.
pub(crate) fn settle(path: &Path) -> Result<(), FatalError> {
    let site = FaultSite {
        operation: "open",
        path,
    };
    let connection = Connection::open(path).map_err(|error| site.fault(&error))?;
    connection
        .busy_timeout(BUSY)
        .map_err(|error| site.fault(&error))?;
    checkpoint(&connection, path)
}

/// Opens the file for reading only.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Moves everything from the write-ahead log into the file and to the disk.
/// Where a reader holds the old content, the write-ahead log itself is
/// brought to the disk instead.
pub(crate) fn checkpoint(connection: &Connection, path: &Path) -> Result<(), FatalError> {
    let site = FaultSite {
        operation: "checkpoint",
        path,
    };
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|error| site.fault(&error))?;
    if busy == 0 {
        return Ok(());
    }
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    File::open(&wal)
        .and_then(|file| file.sync_all())
        .map_err(|error| site.io(&error))
}

/// Copies a database, page by page and as of one moment, into a new file,
/// and brings that to the disk. Writers of the original do not wait.
///
/// Not `VACUUM INTO`: that may number rows anew, and members have to agree on
/// everything.
pub(crate) fn copy_into(original: &Path, target: &Path) -> Result<(), FatalError> {
    let write = FaultSite {
        operation: "write",
        path: target,
    };
    File::create_new(target).map_err(|error| write.io(&error))?;
    let copied = copy_pages(original, target)
        .map_err(|error| write.fault(&error))
        .and_then(|()| sync(target).map_err(|error| write.io(&error)));
    if copied.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(target);
    }
    copied
}

fn copy_pages(original: &Path, target: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let original = Connection::open_with_flags(original, flags)?;
    original.busy_timeout(BUSY)?;
    let mut copy = Connection::open(target)?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    Backup::new(&original, &mut copy)?.run_to_completion(ALL_PAGES, BUSY_PAUSE, None)?;
    // One complete file, without a write-ahead log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")
}

/// Brings a file and its entry in the folder to the disk.
pub(crate) fn sync(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Refuses a file in which SQLite finds damage.
fn check_integrity(connection: &Connection, path: &Path) -> Result<(), FatalError> {
    let site = FaultSite {
        operation: "read",
        path,
    };
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| site.fault(&error))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(site.corrupt(found))
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let any = connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()));
    Ok(any.optional()?.is_none())
}

fn check_format(connection: &Connection, path: &Path, kind: Kind) -> Result<(), StoreError> {
    let site = FaultSite {
        operation: "read",
        path,
    };
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| site.fault(&error))
    };
    let application_id = pragma("application_id")?;
    if application_id != i64::from(kind.application_id) {
        let detail = format!("application id {application_id:#x} is of another program");
        return Err(site.corrupt(detail).into());
    }
    let found = pragma("user_version")?;
    if found != kind.format {
        let (path, understood) = (path.to_owned(), kind.format);
        return Err(StoreError::Format {
            path,
            found,
            understood,
        });
    }
    Ok(())
}

fn create_tables(connection: &Connection, kind: Kind) -> rusqlite::Result<()> {
    let (application_id, format, schema) = (kind.application_id, kind.format, kind.schema);
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {schema}
         PRAGMA application_id = {application_id}; PRAGMA user_version = {format}; COMMIT;"
    ))
}

/// A log position as SQLite's signed integer.
pub(crate) fn position(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
