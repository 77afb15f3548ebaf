//! Projects.

use megh_api_types::UnixMillis;
use megh_store::{Query, SqlError, Tx};
use uuid::Uuid;

/// Id of the project of this name or id.
pub(crate) fn find(query: &impl Query, selector: &str) -> Result<Option<Uuid>, SqlError> {
    query.query_opt(
        "SELECT id FROM projects WHERE id = ?1 OR name = ?1",
        [selector],
        |row| row.parse("id"),
    )
}

/// Adds a project.
pub(crate) fn insert(tx: &Tx<'_>, id: Uuid, name: &str, now: UnixMillis) -> Result<(), SqlError> {
    tx.execute(
        "INSERT INTO projects (id, name, created_at) VALUES (?1, ?2, ?3)",
        (id, name, now),
    )
    .map(drop)
}
