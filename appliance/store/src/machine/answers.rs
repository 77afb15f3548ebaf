//! Answers kept for repeated requests, and ids of batches already applied.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::command::KeptAnswer;
use crate::context::Idempotency;
use crate::sqlite::position;

/// Answers are kept this long, by the clock of those who write.
pub(super) const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Batch ids are kept for this many entries; a batch is proposed again only
/// while its writer waits, which is far shorter.
const REQUESTS_KEPT: u64 = 10_000;

/// A kept answer that fits an idempotency key.
pub(super) enum Found {
    /// The same request: its answer, and the entry that holds it. Zero while
    /// that entry is only planned.
    Answer(Vec<u8>, u64),
    /// The key belongs to another request.
    OtherRequest,
}

/// The answer kept under a key, unless it has expired.
pub(super) fn find(
    connection: &Connection,
    principal: &str,
    idempotency: &Idempotency,
    now_ms: i64,
) -> rusqlite::Result<Option<Found>> {
    let sql = "SELECT request_hash, answer, entry FROM _store_answers
               WHERE principal = ?1 AND key = ?2 AND at_ms > ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let oldest = now_ms.saturating_sub(KEPT_MS);
    statement
        .query_row((principal, &idempotency.key, oldest), |row| {
            let request_hash: Vec<u8> = row.get(0)?;
            if request_hash != idempotency.request_hash {
                return Ok(Found::OtherRequest);
            }
            let entry: i64 = row.get(2)?;
            Ok(Found::Answer(row.get(1)?, entry.unsigned_abs()))
        })
        .optional()
}

/// Keeps an answer under its key, in place of an expired one.
pub(super) fn keep(
    connection: &Connection,
    principal: &str,
    kept: &KeptAnswer,
    entry: u64,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO _store_answers(
                 principal, key, request_hash, answer, at_ms, entry)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let KeptAnswer {
        key,
        request_hash,
        answer,
        at_ms,
    } = kept;
    let row = (principal, key, request_hash, answer, at_ms, position(entry));
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Drops what expired by `now_ms`. A clock that is wrong for a while costs
/// answers, never more.
pub(super) fn expire(connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM _store_answers WHERE at_ms <= ?1";
    connection
        .prepare_cached(sql)?
        .execute([now_ms.saturating_sub(KEPT_MS)])?;
    Ok(())
}

/// The entry that applied a batch before.
pub(super) fn applied_before(
    connection: &Connection,
    request: Uuid,
) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT entry FROM _store_requests WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let entry = statement
        .query_row([request.as_bytes()], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(entry.map(i64::unsigned_abs))
}

/// Remembers that `entry` applied a batch, and forgets old ones.
pub(super) fn remember(connection: &Connection, request: Uuid, entry: u64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO _store_requests(id, entry) VALUES (?1, ?2)";
    connection
        .prepare_cached(sql)?
        .execute((request.as_bytes(), position(entry)))?;
    let oldest = position(entry.saturating_sub(REQUESTS_KEPT));
    let sql = "DELETE FROM _store_requests WHERE entry < ?1";
    connection.prepare_cached(sql)?.execute([oldest])?;
    Ok(())
}
