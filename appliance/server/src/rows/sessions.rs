//! Sessions. Only the hash of the cookie is kept.

use megh_api_types::{Session, UnixMillis, User};
use megh_store::{Query, Row, SqlError, Tx};
use uuid::Uuid;

use crate::secret::SecretHash;

const SELECT: &str = "SELECT s.id, s.created_at, s.expires_at, u.id AS user_id, u.name
    FROM sessions s JOIN users u ON u.id = s.user_id";

/// The session of this cookie that has not ended.
pub(crate) fn by_secret(
    query: &impl Query,
    secret: SecretHash,
    now: UnixMillis,
) -> Result<Option<Session>, SqlError> {
    let sql = format!("{SELECT} WHERE s.secret = ?1 AND s.expires_at > ?2");
    query.query_opt(&sql, (secret.to_hex(), now), |row| read(row, true))
}

/// Whether a session exists and has not ended.
pub(crate) fn is_open(query: &impl Query, id: Uuid, now: UnixMillis) -> Result<bool, SqlError> {
    let sql = "SELECT count(*) FROM sessions WHERE id = ?1 AND expires_at > ?2";
    query.query_one(sql, (id, now), |row| Ok(row.get::<i64>(0)? > 0))
}

/// Sessions of a user by id, from `after` on; `current` is marked.
pub(crate) fn page(
    query: &impl Query,
    user: Uuid,
    current: Uuid,
    now: UnixMillis,
    after: &str,
    limit: u32,
) -> Result<Vec<Session>, SqlError> {
    let sql = format!(
        "{SELECT} WHERE s.user_id = ?1 AND s.expires_at > ?2 AND s.id > ?3 ORDER BY s.id LIMIT ?4"
    );
    query.query(&sql, (user, now, after, limit), |row| {
        let session = read(row, false)?;
        Ok(Session {
            current: session.id == current,
            ..session
        })
    })
}

/// Opens a session.
pub(crate) fn insert(tx: &Tx<'_>, session: &Session, secret: SecretHash) -> Result<(), SqlError> {
    let sql = "INSERT INTO sessions (id, user_id, secret, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let user = session.user.id;
    tx.execute(
        sql,
        (
            session.id,
            user,
            secret.to_hex(),
            session.created_at,
            session.expires_at,
        ),
    )
    .map(drop)
}

/// Ends a session of a user; tells whether there was one.
pub(crate) fn delete(tx: &Tx<'_>, user: Uuid, id: Uuid) -> Result<bool, SqlError> {
    Ok(tx.execute(
        "DELETE FROM sessions WHERE id = ?1 AND user_id = ?2",
        (id, user),
    )? > 0)
}

/// Whether there are sessions that have ended by themselves.
pub(crate) fn any_ended(query: &impl Query, now: UnixMillis) -> Result<bool, SqlError> {
    let sql = "SELECT count(*) FROM sessions WHERE expires_at <= ?1";
    query.query_one(sql, [now], |row| Ok(row.get::<i64>(0)? > 0))
}

/// Forgets sessions that have ended by themselves.
pub(crate) fn delete_ended(tx: &Tx<'_>, now: UnixMillis) -> Result<(), SqlError> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now])
        .map(drop)
}

fn read(row: &Row<'_>, current: bool) -> Result<Session, SqlError> {
    Ok(Session {
        id: row.parse("id")?,
        user: User {
            id: row.parse("user_id")?,
            name: row.get("name")?,
        },
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        current,
    })
}
