//! Numbered steps of the schema, known by their hashes.

use sha2::{Digest, Sha256};

/// One numbered step of the schema. Once released it is never edited: a
/// store that has applied another text under its number refuses to open.
///
/// Steps only add (expand); what the previous release still reads is removed
/// a release later (contract), because after a rollback that release runs on
/// this schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Position, from 1 without gaps.
    pub number: u32,
    /// What it brings, for people.
    pub name: &'static str,
    /// One or more statements.
    pub sql: &'static str,
}

impl Migration {
    /// A step of the schema; `sql` is usually an `include_str!`.
    pub const fn new(number: u32, name: &'static str, sql: &'static str) -> Self {
        Self { number, name, sql }
    }

    /// SHA-256 of the statements as they are written.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.sql.as_bytes()).into()
    }
}

/// All steps of the schema that this program knows, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrations(Vec<Migration>);

impl Migrations {
    /// Checks that the steps are numbered 1, 2, 3 and so on.
    pub fn new(steps: Vec<Migration>) -> Result<Self, MigrationError> {
        for (expected, step) in (1..).zip(&steps) {
            if step.number != expected {
                return Err(MigrationError::Numbering {
                    expected,
                    found: step.number,
                });
            }
        }
        Ok(Self(steps))
    }

    /// The steps in order.
    pub(crate) fn steps(&self) -> &[Migration] {
        &self.0
    }
}

/// Why the schema cannot be brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// Numbers are not 1, 2, 3 and so on.
    #[error("migration {found} stands where {expected} is expected")]
    Numbering {
        /// The number that belongs here.
        expected: u32,
        /// The number found.
        found: u32,
    },
    /// The text of an applied migration is not what was applied.
    #[error("migration {number} ({name}) was edited after it was applied")]
    Edited {
        /// Number of the migration.
        number: u32,
        /// Name of the migration.
        name: String,
    },
    /// A migration could not be applied; nothing of it was.
    #[error("migration {number} ({name}) failed: {reason}")]
    Failed {
        /// Number of the migration.
        number: u32,
        /// Name of the migration.
        name: String,
        /// What SQLite or the determinism rules say.
        reason: String,
    },
}
