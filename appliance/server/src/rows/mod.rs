//! The rows of the store and the SQL that reads and writes them. Nothing
//! above this module has SQL.

pub(crate) mod images;
pub(crate) mod instances;
pub(crate) mod operations;
pub(crate) mod projects;
pub(crate) mod sessions;
pub(crate) mod site;
mod text;
pub(crate) mod users;

use megh_store::{Migration, MigrationError, Migrations, SqlError};

use crate::fault::Fault;

/// Every migration, oldest first. One that was released is never edited.
pub fn migrations() -> Result<Migrations, MigrationError> {
    Migrations::new(vec![Migration::new(
        1,
        "first",
        include_str!("../../migrations/0001_first.sql"),
    )])
}

impl From<SqlError> for Fault {
    fn from(error: SqlError) -> Self {
        Self::internal(error)
    }
}

/// A size in bytes as SQL has it; no size here comes near the limit.
fn integer(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A size in bytes from SQL.
fn size(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}
