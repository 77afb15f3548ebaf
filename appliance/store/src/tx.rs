//! The transaction that a closure sees.

use std::cell::RefCell;

use rusqlite::Connection;

use crate::command::Statement;
use crate::error::{FatalError, FaultSite, Refusal, SqlError, is_fault};
use crate::query::Query;
use crate::rules::{Guard, check_statement};
use crate::value::IntoParams;

/// The state as a closure of [`crate::Store::write`] sees it: with its own
/// changes, and those of the closures planned before it.
pub struct Tx<'a> {
    connection: &'a Connection,
    guard: &'a Guard,
    statements: RefCell<Vec<Statement>>,
    site: FaultSite<'a>,
    fault: RefCell<Option<FatalError>>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a Connection, guard: &'a Guard, site: FaultSite<'a>) -> Self {
        Self {
            connection,
            guard,
            statements: RefCell::default(),
            site,
            fault: RefCell::default(),
        }
    }

    /// Changes rows and returns how many, those changed by triggers and
    /// cascades not counted.
    pub fn execute(&self, sql: &str, params: impl IntoParams) -> Result<usize, SqlError> {
        check_statement(sql).map_err(|refusal| SqlError::refused(sql, refusal))?;
        let params = params.into_params();
        let failed = |source| self.failed(sql, source);
        let before = self.connection.total_changes();
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        if statement.readonly() || statement.column_count() > 0 {
            return Err(SqlError::refused(sql, Refusal::QueryInExecute));
        }
        let rows = statement
            .execute(rusqlite::params_from_iter(&params))
            .map_err(failed)?;
        let changed = self.connection.total_changes() - before;
        if changed > 0 {
            self.statements.borrow_mut().push(Statement {
                sql: sql.to_owned(),
                params,
                changed,
            });
        }
        Ok(rows)
    }

    /// What was executed, or the disk error that was met on the way, whatever
    /// the closure made of it.
    pub(crate) fn finish(self) -> Result<Vec<Statement>, FatalError> {
        match self.fault.into_inner() {
            Some(error) => Err(error),
            None => Ok(self.statements.into_inner()),
        }
    }
}

impl Query for Tx<'_> {
    fn connection(&self, sql: &str) -> Result<&Connection, SqlError> {
        check_statement(sql).map_err(|refusal| SqlError::refused(sql, refusal))?;
        Ok(self.connection)
    }

    fn failed(&self, sql: &str, source: rusqlite::Error) -> SqlError {
        if is_fault(&source) {
            self.fault
                .borrow_mut()
                .get_or_insert_with(|| self.site.fault(&source));
        }
        match self.guard.take_refusal() {
            Some(refusal) => SqlError::refused(sql, refusal),
            None => SqlError::sqlite(sql, source),
        }
    }
}
