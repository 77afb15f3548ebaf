//! Reading rows, the same way inside a write and in a read.

use std::str::FromStr;

use rusqlite::Connection;
use rusqlite::types::FromSql;

use crate::error::{Refusal, SqlError};
use crate::value::IntoParams;

/// Read access to the state: implemented by [`crate::Tx`] and
/// [`crate::ReadConn`], so that a lookup is written once.
pub trait Query {
    /// The connection to ask, after `sql` was judged by the rules that hold
    /// here.
    #[doc(hidden)]
    fn connection(&self, sql: &str) -> Result<&Connection, SqlError>;

    /// An error of SQLite as the caller sees it.
    #[doc(hidden)]
    fn failed(&self, sql: &str, source: rusqlite::Error) -> SqlError;

    /// All rows of a query, each mapped.
    fn query<T>(
        &self,
        sql: &str,
        params: impl IntoParams,
        mut map: impl FnMut(&Row<'_>) -> Result<T, SqlError>,
    ) -> Result<Vec<T>, SqlError> {
        let mut rows = Vec::new();
        self.for_each(sql, params, |row| {
            rows.push(map(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The only row of a query; no row and a second row are errors.
    fn query_one<T>(
        &self,
        sql: &str,
        params: impl IntoParams,
        map: impl FnMut(&Row<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let row = self.query_opt(sql, params, map)?;
        row.ok_or_else(|| SqlError::NoRow {
            sql: sql.to_owned(),
        })
    }

    /// The only row of a query, or `None`; a second row is an error.
    fn query_opt<T>(
        &self,
        sql: &str,
        params: impl IntoParams,
        map: impl FnMut(&Row<'_>) -> Result<T, SqlError>,
    ) -> Result<Option<T>, SqlError> {
        let mut rows = self.query(sql, params, map)?;
        if rows.len() > 1 {
            return Err(SqlError::SeveralRows {
                sql: sql.to_owned(),
            });
        }
        Ok(rows.pop())
    }

    /// Visits the rows of a query one by one, without collecting them.
    fn for_each(
        &self,
        sql: &str,
        params: impl IntoParams,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), SqlError>,
    ) -> Result<(), SqlError> {
        let connection = self.connection(sql)?;
        let failed = |source| self.failed(sql, source);
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        if !statement.readonly() {
            return Err(SqlError::refused(sql, Refusal::WritesInQuery));
        }
        let params = rusqlite::params_from_iter(params.into_params());
        let mut rows = statement.query(params).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            visit(&Row { row, sql })?;
        }
        Ok(())
    }
}

/// One row of a result.
pub struct Row<'a> {
    row: &'a rusqlite::Row<'a>,
    sql: &'a str,
}

impl Row<'_> {
    /// The value of a column, named or counted from zero.
    pub fn get<T: FromSql>(&self, column: impl rusqlite::RowIndex) -> Result<T, SqlError> {
        self.row
            .get(column)
            .map_err(|source| SqlError::sqlite(self.sql, source))
    }

    /// The value of a text column, parsed: UUIDs, names, addresses.
    pub fn parse<T>(&self, column: impl rusqlite::RowIndex) -> Result<T, SqlError>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let text: String = self.get(column)?;
        text.parse().map_err(|error: T::Err| SqlError::Unparsable {
            sql: self.sql.to_owned(),
            text,
            reason: error.to_string(),
        })
    }
}
