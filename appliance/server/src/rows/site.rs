//! The appliance as a whole.

use megh_api_types::UnixMillis;
use megh_store::{Query, SqlError, Tx};

/// Whether somebody has claimed the appliance.
pub(crate) fn is_claimed(query: &impl Query) -> Result<bool, SqlError> {
    query.query_one("SELECT count(*) FROM site", (), |row| {
        Ok(row.get::<i64>(0)? > 0)
    })
}

/// Notes that it is claimed.
pub(crate) fn set_claimed(tx: &Tx<'_>, now: UnixMillis) -> Result<(), SqlError> {
    tx.execute("INSERT INTO site (id, claimed_at) VALUES (1, ?1)", [now])
        .map(drop)
}
