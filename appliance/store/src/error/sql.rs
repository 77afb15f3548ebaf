//! Errors of one statement.

use rusqlite::ErrorCode;

/// Why a statement gave no result.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// SQLite refused the statement or found it failing.
    #[error("SQL failed: {sql}")]
    Sqlite {
        /// The statement.
        sql: String,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The statement breaks a rule of replicated SQL.
    #[error("{reason}: {sql}")]
    Refused {
        /// The statement.
        sql: String,
        /// The rule.
        reason: Refusal,
    },
    /// A row was expected.
    #[error("no row: {sql}")]
    NoRow {
        /// The statement.
        sql: String,
    },
    /// At most one row was expected.
    #[error("more than one row: {sql}")]
    SeveralRows {
        /// The statement.
        sql: String,
    },
    /// A text column does not hold what the program expects.
    #[error("cannot parse {text:?} ({reason}): {sql}")]
    Unparsable {
        /// The statement.
        sql: String,
        /// The column's text.
        text: String,
        /// What the parser said.
        reason: String,
    },
}

impl SqlError {
    pub(crate) fn sqlite(sql: &str, source: rusqlite::Error) -> Self {
        Self::Sqlite {
            sql: sql.to_owned(),
            source,
        }
    }

    pub(crate) fn refused(sql: &str, reason: Refusal) -> Self {
        Self::Refused {
            sql: sql.to_owned(),
            reason,
        }
    }

    /// True when a unique index or a primary key refused the row: usually
    /// "exists already".
    pub fn is_unique_violation(&self) -> bool {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        matches!(
            self.extended_code(),
            Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY)
        )
    }

    /// True when a foreign key refused the change: usually "still in use" or
    /// "no such parent".
    pub fn is_foreign_key_violation(&self) -> bool {
        self.extended_code() == Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
    }

    /// True when any constraint refused the change.
    pub fn is_constraint_violation(&self) -> bool {
        matches!(
            self,
            Self::Sqlite { source: rusqlite::Error::SqliteFailure(failure, _), .. }
                if failure.code == ErrorCode::ConstraintViolation
        )
    }

    fn extended_code(&self) -> Option<i32> {
        match self {
            Self::Sqlite {
                source: rusqlite::Error::SqliteFailure(failure, _),
                ..
            } => Some(failure.extended_code),
            _ => None,
        }
    }
}

/// The rule of replicated SQL that a statement breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Every member would compute another value.
    #[error("`{0}` is not deterministic")]
    NotDeterministic(String),
    /// What the name says is not available in replicated SQL.
    #[error("`{0}` is not allowed here")]
    NotAllowed(String),
    /// A query must not write.
    #[error("a query must not write")]
    WritesInQuery,
    /// `execute` takes changes; rows come from `query`.
    #[error("`execute` is for changes, use `query`")]
    QueryInExecute,
}
