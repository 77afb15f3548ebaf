//! Numbered steps of the schema, known by their hashes.

use sha2::{Digest, Sha256};

/// One numbered step of the schema. Once released it is never edited: a
/// store that has applied another text under its number refuses to open.
///
/// Steps only add (expand); what the previous release still reads is removed
/// a release later (contract), because after a rollback that release runs on
/// this schema. A contracting step says which programs can still run on the
/// schema after it; for the others there is the copy made before, see
/// [`crate::Store::open_release`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Position, from 1 without gaps.
    pub number: u32,
    /// What it brings, for people.
    pub name: &'static str,
    /// One or more statements.
    pub sql: &'static str,
    /// How many steps a program has to know to run on the schema from here
    /// on: 0 for a step that only adds.
    pub readers_know: u32,
}

impl Migration {
    /// A step that only adds, so that every older program runs on the schema
    /// after it; `sql` is usually an `include_str!`.
    pub const fn new(number: u32, name: &'static str, sql: &'static str) -> Self {
        Self {
            number,
            name,
            sql,
            readers_know: 0,
        }
    }

    /// A step that takes something away: programs that know fewer than
    /// `readers_know` steps cannot run on the schema after it.
    pub const fn contracting(
        number: u32,
        name: &'static str,
        sql: &'static str,
        readers_know: u32,
    ) -> Self {
        Self {
            number,
            name,
            sql,
            readers_know,
        }
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
            if step.readers_know > step.number {
                return Err(MigrationError::Readers {
                    number: step.number,
                    readers_know: step.readers_know,
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
    /// A step asks of programs to know more steps than there are up to it.
    #[error("migration {number} can be read by programs that know {readers_know} steps only")]
    Readers {
        /// Number of the migration.
        number: u32,
        /// What it asks for.
        readers_know: u32,
    },
    /// The schema was contracted by a newer program: this one cannot read it.
    #[error("the schema needs a program that knows {needs} migrations, this one knows {known}")]
    TooNew {
        /// How many a program has to know.
        needs: u32,
        /// How many this one knows.
        known: u32,
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
