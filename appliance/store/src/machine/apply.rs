//! Applying entries of the log: what every member does alike.

use openraft::EntryPayload;
use rusqlite::Connection;

use crate::command::{Batch, Change, Command, Outcome};
use crate::error::{FatalError, FaultSite, is_fault};
use crate::machine::tables::Meta;
use crate::machine::{answers, schema};
use crate::types::{Entry, Membership};

/// Applies entries in order; rows and position reach the file together.
pub(super) fn apply(meta: Meta<'_>, entries: Vec<Entry>) -> Result<Vec<Outcome>, FatalError> {
    let mut outcomes = Vec::with_capacity(entries.len());
    let mut entries = entries.into_iter().peekable();
    while entries.peek().is_some() {
        let ordinary = std::iter::from_fn(|| entries.next_if(|entry| !is_migration(entry)));
        let ordinary: Vec<Entry> = ordinary.collect();
        if ordinary.is_empty() {
            let migration = entries.next().into_iter().collect();
            schema::without_foreign_keys(meta, || transaction(meta, migration, &mut outcomes))?;
        } else {
            transaction(meta, ordinary, &mut outcomes)?;
        }
    }
    Ok(outcomes)
}

fn is_migration(entry: &Entry) -> bool {
    matches!(entry.payload, EntryPayload::Normal(Command::Migrate(_)))
}

fn transaction(
    meta: Meta<'_>,
    entries: Vec<Entry>,
    outcomes: &mut Vec<Outcome>,
) -> Result<(), FatalError> {
    let fault = |error: rusqlite::Error| meta.site.fault(&error);
    let transaction = meta.connection.unchecked_transaction().map_err(fault)?;
    for entry in entries {
        outcomes.push(apply_entry(meta, &entry)?);
        meta.set_applied(entry.log_id)?;
    }
    transaction.commit().map_err(fault)
}

fn apply_entry(meta: Meta<'_>, entry: &Entry) -> Result<Outcome, FatalError> {
    let index = entry.log_id.index;
    match &entry.payload {
        EntryPayload::Blank => Ok(Outcome::Nothing),
        EntryPayload::Membership(members) => {
            meta.set_members(&Membership::new(Some(entry.log_id), members.clone()))?;
            Ok(Outcome::Nothing)
        }
        EntryPayload::Normal(Command::Write(batch)) => apply_batch(meta, batch, index),
        EntryPayload::Normal(Command::Migrate(step)) => {
            let execute = |sql: &str| meta.connection.execute_batch(sql);
            let outcome = all_or_nothing(meta, || {
                schema::apply(meta.connection, step, index, execute)
            })?;
            if outcome == (Outcome::Applied { index }) {
                meta.set_head(index)?;
            }
            Ok(outcome)
        }
    }
}

fn apply_batch(meta: Meta<'_>, batch: &Batch, index: u64) -> Result<Outcome, FatalError> {
    let before = answers::applied_before(meta.connection, batch.request);
    if let Some(index) = before.map_err(|error| meta.site.fault(&error))? {
        return Ok(Outcome::Applied { index });
    }
    let head = meta.head()?;
    if batch.base > head {
        let detail = format!(
            "the change builds on entry {}, this state on {head}",
            batch.base
        );
        return Err(FatalError::Diverged { index, detail });
    }
    if batch.base < head {
        return Ok(Outcome::Conflict);
    }
    let outcome = all_or_nothing(meta, || {
        for change in &batch.changes {
            if let Err(reason) = make(meta.connection, change, index)? {
                return Ok(Err(reason));
            }
        }
        answers::expire(meta.connection, batch.now_ms)?;
        answers::remember(meta.connection, batch.request, index)?;
        Ok(Ok(index))
    })?;
    if outcome == (Outcome::Applied { index }) {
        meta.set_head(index)?;
    }
    Ok(outcome)
}

/// What a step comes to: an error of SQLite, a reason to refuse it, or the
/// index at which it is applied.
pub(super) type Step<T> = rusqlite::Result<Result<T, String>>;

fn make(connection: &Connection, change: &Change, index: u64) -> Step<()> {
    for statement in &change.statements {
        let before = connection.total_changes();
        let params = rusqlite::params_from_iter(&statement.params);
        connection.prepare_cached(&statement.sql)?.execute(params)?;
        let changed = connection.total_changes() - before;
        if changed != statement.changed {
            let planned = statement.changed;
            return Ok(Err(format!("{changed} rows changed instead of {planned}")));
        }
    }
    if let Some(kept) = &change.answer {
        answers::keep(connection, &change.principal, kept, index)?;
    }
    Ok(Ok(()))
}

/// Runs `work` so that it leaves either all it did or nothing. An error that
/// another member would not see is fatal; any other one is an outcome, the
/// same on every member.
fn all_or_nothing(meta: Meta<'_>, work: impl FnOnce() -> Step<u64>) -> Result<Outcome, FatalError> {
    let FaultSite { path, .. } = meta.site;
    let fault = |error: rusqlite::Error| {
        FaultSite {
            operation: "apply to",
            path,
        }
        .fault(&error)
    };
    meta.connection
        .execute_batch("SAVEPOINT entry")
        .map_err(fault)?;
    let reason = match work() {
        Ok(Ok(index)) => {
            meta.connection
                .execute_batch("RELEASE entry")
                .map_err(fault)?;
            return Ok(Outcome::Applied { index });
        }
        Ok(Err(reason)) => reason,
        Err(error) if is_fault(&error) => return Err(fault(error)),
        Err(error) => error.to_string(),
    };
    meta.connection
        .execute_batch("ROLLBACK TO entry; RELEASE entry")
        .map_err(fault)?;
    Ok(Outcome::Refused { reason })
}
