//! Looking at state files that nobody has open.

use std::path::Path;

use rusqlite::Connection;

use crate::copies::LostRows;
use crate::error::{FatalError, FaultSite};
use crate::machine::schema;
use crate::machine::tables::{KIND, Meta};
use crate::sqlite;

/// What a state file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Number of the last migration.
    pub(crate) schema: u32,
    /// How many migrations a program has to know to run on it.
    pub(crate) readers_know: u32,
    /// Members that vote.
    pub(crate) voters: usize,
    /// Index of the last applied entry.
    pub(crate) applied: u64,
    /// How often it was put back.
    pub(crate) epoch: u64,
}

/// Checks a state file and reads what it says of itself.
pub(crate) fn facts(path: &Path) -> Result<Facts, FatalError> {
    let site = FaultSite {
        operation: "read",
        path,
    };
    let fault = |error: rusqlite::Error| site.fault(&error);
    let connection = sqlite::open_reader(path).map_err(fault)?;
    sqlite::check(&connection, path, KIND)?;
    let meta = Meta {
        connection: &connection,
        site,
    };
    let migrations = schema::applied(&connection).map_err(fault)?;
    Ok(Facts {
        schema: migrations.last().map_or(0, |last| last.number),
        readers_know: schema::readers_know(&connection).map_err(fault)?,
        voters: meta.members()?.membership().voter_ids().count(),
        applied: meta.applied()?.map_or(0, |position| position.index),
        epoch: meta.epoch()?,
    })
}

/// Begins another epoch in a state file.
pub(crate) fn set_epoch(path: &Path, epoch: u64) -> Result<(), FatalError> {
    let site = FaultSite {
        operation: "write",
        path,
    };
    let connection = sqlite::open(path, KIND).map_err(|error| site.corrupt(error))?;
    let meta = Meta {
        connection: &connection,
        site,
    };
    meta.set_epoch(epoch)?;
    sqlite::checkpoint(&connection, path)?;
    // One complete file, without a write-ahead log beside it.
    connection
        .pragma_update(None, "journal_mode", "DELETE")
        .map_err(|error| site.fault(&error))
}

/// Rows of the application's tables that are in `newer` and not so in `older`,
/// by table; compared in the columns that both have.
pub(crate) fn lost_rows(newer: &Path, older: &Path) -> Result<Vec<LostRows>, FatalError> {
    let site = FaultSite {
        operation: "compare",
        path: newer,
    };
    compare(newer, older).map_err(|error| site.fault(&error))
}

fn compare(newer: &Path, older: &Path) -> rusqlite::Result<Vec<LostRows>> {
    let connection = sqlite::open_reader(newer)?;
    let older = older.to_string_lossy();
    connection.execute("ATTACH ?1 AS older", [older.as_ref()])?;
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table'
               AND name NOT LIKE '\\_store\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
               ORDER BY name";
    let mut tables = connection.prepare(sql)?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?;
    let mut lost = Vec::new();
    for table in names {
        let table = table?;
        let rows = differing(&connection, &table)?;
        if rows > 0 {
            lost.push(LostRows { table, rows });
        }
    }
    Ok(lost)
}

fn differing(connection: &Connection, table: &str) -> rusqlite::Result<u64> {
    let columns = |database: &str| -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT name FROM pragma_table_info(?1, ?2) ORDER BY cid";
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([table, database], |row| row.get(0))?;
        rows.collect()
    };
    let (new, old) = (columns("main")?, columns("older")?);
    let shared: Vec<_> = new.iter().filter(|name| old.contains(name)).collect();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let rows = if shared.is_empty() {
        count(&format!("SELECT count(*) FROM main.\"{table}\""))?
    } else {
        let list = shared
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect::<Vec<_>>()
            .join(", ");
        count(&format!(
            "SELECT count(*) FROM (SELECT {list} FROM main.\"{table}\"
             EXCEPT SELECT {list} FROM older.\"{table}\")"
        ))?
    };
    Ok(rows.unsigned_abs())
}
