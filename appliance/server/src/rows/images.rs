//! Images.

use megh_api_types::{Image, ImageFormat, ImageState, UnixMillis};
use megh_store::{Query, Row, SqlError, Tx};
use uuid::Uuid;

use super::text::Text;
use super::{integer, size};

/// The image of this id or name.
pub(crate) fn find(
    query: &impl Query,
    project: Uuid,
    selector: &str,
) -> Result<Option<Image>, SqlError> {
    let sql = "SELECT * FROM images WHERE project_id = ?1 AND (id = ?2 OR name = ?2)";
    query.query_opt(sql, (project, selector.to_owned()), read)
}

/// The image of this id, in whatever project.
pub(crate) fn get(query: &impl Query, id: Uuid) -> Result<Option<Image>, SqlError> {
    query.query_opt("SELECT * FROM images WHERE id = ?1", [id], read)
}

/// Ids of all images of all projects.
pub(crate) fn all(query: &impl Query) -> Result<Vec<Image>, SqlError> {
    query.query("SELECT * FROM images ORDER BY id", (), read)
}

/// Images of a project by name, from `after` on.
pub(crate) fn page(
    query: &impl Query,
    project: Uuid,
    after: &str,
    limit: u32,
) -> Result<Vec<Image>, SqlError> {
    let sql = "SELECT * FROM images WHERE project_id = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
    query.query(sql, (project, after, limit), read)
}

/// Whether an instance is being made from the image.
pub(crate) fn in_use(query: &impl Query, id: Uuid) -> Result<bool, SqlError> {
    let sql = "SELECT count(*) FROM instances i JOIN operations o ON o.subject_id = i.id
        WHERE i.image_id = ?1 AND o.status = 'running' AND o.kind = 'instance_create'";
    query.query_one(sql, [id], |row| Ok(row.get::<i64>(0)? > 0))
}

/// Announces an image.
pub(crate) fn insert(
    tx: &Tx<'_>,
    project: Uuid,
    id: Uuid,
    name: &str,
    now: UnixMillis,
) -> Result<(), SqlError> {
    let sql =
        "INSERT INTO images (id, project_id, name, state, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.execute(
        sql,
        (id, project, name, ImageState::AwaitingContent.text(), now),
    )
    .map(drop)
}

/// Notes that the content has arrived whole.
pub(crate) fn content_arrived(
    tx: &Tx<'_>,
    id: Uuid,
    bytes: u64,
    sha256: &str,
) -> Result<(), SqlError> {
    let sql =
        "UPDATE images SET state = ?2, size = ?3, sha256 = ?4, format = NULL, virtual_size = NULL,
        error = NULL WHERE id = ?1";
    tx.execute(
        sql,
        (id, ImageState::Importing.text(), integer(bytes), sha256),
    )
    .map(drop)
}

/// Notes what the content is.
pub(crate) fn recognised(
    tx: &Tx<'_>,
    id: Uuid,
    format: ImageFormat,
    virtual_size: u64,
) -> Result<(), SqlError> {
    let sql = "UPDATE images SET format = ?2, virtual_size = ?3 WHERE id = ?1";
    tx.execute(sql, (id, format.text(), integer(virtual_size)))
        .map(drop)
}

/// Changes how far it is, and why it failed.
pub(crate) fn set_state(
    tx: &Tx<'_>,
    id: Uuid,
    state: ImageState,
    error: Option<&str>,
) -> Result<(), SqlError> {
    let sql = "UPDATE images SET state = ?2, error = ?3 WHERE id = ?1";
    tx.execute(sql, (id, state.text(), error)).map(drop)
}

/// Removes an image; instances made from it lose the reference only.
pub(crate) fn delete(tx: &Tx<'_>, id: Uuid) -> Result<(), SqlError> {
    tx.execute(
        "UPDATE instances SET image_id = NULL WHERE image_id = ?1",
        [id],
    )?;
    tx.execute("DELETE FROM images WHERE id = ?1", [id])
        .map(drop)
}

fn read(row: &Row<'_>) -> Result<Image, SqlError> {
    Ok(Image {
        id: row.parse("id")?,
        name: row.get("name")?,
        state: ImageState::column(row, "state")?,
        format: ImageFormat::optional(row, "format")?,
        size: row.get::<Option<i64>>("size")?.map(size),
        virtual_size: row.get::<Option<i64>>("virtual_size")?.map(size),
        sha256: row.get("sha256")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
    })
}
