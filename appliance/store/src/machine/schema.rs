//! Migrations: tried out on the leader, then applied as entries.

use rusqlite::{Connection, OptionalExtension};

use crate::command::MigrationStep;
use crate::error::FatalError;
use crate::machine::apply::Step;
use crate::machine::tables::Meta;
use crate::sqlite::position;

/// Made by the first step that contracts the schema.
const READERS: &str = "CREATE TABLE IF NOT EXISTS _store_readers(
    number INTEGER PRIMARY KEY, know INTEGER NOT NULL) STRICT";

/// A migration that this state has applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppliedMigration {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) hash: Vec<u8>,
}

/// The migrations applied so far, in order.
pub(super) fn applied(connection: &Connection) -> rusqlite::Result<Vec<AppliedMigration>> {
    let sql = "SELECT number, name, hash FROM _store_migrations ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(AppliedMigration {
            number: row.get(0)?,
            name: row.get(1)?,
            hash: row.get(2)?,
        })
    })?;
    rows.collect()
}

/// Applies one step of the schema; one applied before changes nothing. What
/// the step says is given to `execute`.
pub(super) fn apply(
    connection: &Connection,
    step: &MigrationStep,
    index: u64,
    execute: impl FnOnce(&str) -> rusqlite::Result<()>,
) -> Step<u64> {
    let sql = "SELECT hash, entry FROM _store_migrations WHERE number = ?1";
    let before = connection
        .query_row(sql, [step.number], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    if let Some((hash, entry)) = before {
        return Ok(match hash == step.hash {
            true => Ok(entry.unsigned_abs()),
            false => Err("another text was applied under this number".to_owned()),
        });
    }
    let sql = "SELECT coalesce(max(number), 0) + 1 FROM _store_migrations";
    let next: u32 = connection.query_row(sql, [], |row| row.get(0))?;
    if step.number != next {
        return Ok(Err(format!(
            "number {} does not follow {}",
            step.number,
            next - 1
        )));
    }
    execute(&step.sql)?;
    if let Some(table) = dangling_reference(connection)? {
        return Ok(Err(format!("a row of {table} refers to a missing row")));
    }
    let sql = "INSERT INTO _store_migrations(number, name, hash, entry) VALUES (?1, ?2, ?3, ?4)";
    connection.execute(sql, (step.number, &step.name, &step.hash, position(index)))?;
    if step.readers_know > 0 {
        connection.execute_batch(READERS)?;
        let sql = "INSERT INTO _store_readers(number, know) VALUES (?1, ?2)";
        connection.execute(sql, (step.number, step.readers_know))?;
    }
    Ok(Ok(index))
}

/// How many steps a program has to know to run on this schema.
pub(super) fn readers_know(connection: &Connection) -> rusqlite::Result<u32> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = '_store_readers'";
    let any = connection.query_row(sql, [], |_| Ok(())).optional()?;
    if any.is_none() {
        return Ok(0);
    }
    let sql = "SELECT coalesce(max(know), 0) FROM _store_readers";
    connection.query_row(sql, [], |row| row.get(0))
}

fn dangling_reference(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1";
    connection.query_row(sql, [], |row| row.get(0)).optional()
}

/// Runs `work` with foreign keys unchecked, as rebuilding a table needs it;
/// [`apply`] checks them all at its end.
pub(super) fn without_foreign_keys<T>(
    meta: Meta<'_>,
    work: impl FnOnce() -> Result<T, FatalError>,
) -> Result<T, FatalError> {
    let set = |on: bool| {
        let set = meta.connection.pragma_update(None, "foreign_keys", on);
        set.map_err(|error| meta.site.fault(&error))
    };
    set(false)?;
    let done = work();
    set(true)?;
    done
}
