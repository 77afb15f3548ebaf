//! Users.

use megh_api_types::{UnixMillis, User};
use megh_store::{Query, SqlError, Tx};
use uuid::Uuid;

/// A user with the hash of the password.
#[derive(Debug, Clone)]
pub(crate) struct UserRow {
    /// The user.
    pub user: User,
    /// PHC string.
    pub password: String,
}

/// The user of this name.
pub(crate) fn by_name(query: &impl Query, name: &str) -> Result<Option<UserRow>, SqlError> {
    query.query_opt(
        "SELECT id, name, password FROM users WHERE name = ?1",
        [name],
        |row| {
            let user = User {
                id: row.parse("id")?,
                name: row.get("name")?,
            };
            Ok(UserRow {
                user,
                password: row.get("password")?,
            })
        },
    )
}

/// Adds a user.
pub(crate) fn insert(
    tx: &Tx<'_>,
    id: Uuid,
    name: &str,
    password: &str,
    now: UnixMillis,
) -> Result<(), SqlError> {
    let sql = "INSERT INTO users (id, name, password, created_at) VALUES (?1, ?2, ?3, ?4)";
    tx.execute(sql, (id, name, password, now)).map(drop)
}
