//! What a log entry asks every member to do, and what comes of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::value::Value;

/// The content of a log entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Changes that were planned together.
    #[serde(rename = "write")]
    Write(Batch),
    /// One step of the schema.
    #[serde(rename = "migrate")]
    Migrate(MigrationStep),
}

/// Changes planned one after the other on the same state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// Unique per batch: a batch proposed twice is applied once.
    pub(crate) request: Uuid,
    /// Index of the last entry that changed rows when this was planned.
    pub(crate) base: u64,
    /// The latest time given by the writers.
    pub(crate) now_ms: i64,
    /// What each closure does, in order.
    pub(crate) changes: Vec<Change>,
}

/// The effect of one closure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// Who wrote.
    pub(crate) principal: String,
    /// The answer to keep, when the writer gave an idempotency key.
    pub(crate) answer: Option<KeptAnswer>,
    /// What was executed, in order.
    pub(crate) statements: Vec<Statement>,
}

/// An answer that is replayed to a repeated request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptAnswer {
    /// The idempotency key.
    pub(crate) key: String,
    /// Hash of the request it was used for.
    #[serde(with = "crate::encoding::bytes")]
    pub(crate) request_hash: Vec<u8>,
    /// The closure's answer, encoded.
    #[serde(with = "crate::encoding::bytes")]
    pub(crate) answer: Vec<u8>,
    /// When it was given, by the writer's clock.
    pub(crate) at_ms: i64,
}

/// One executed statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Statement {
    /// Its text.
    pub(crate) sql: String,
    /// Its parameters.
    pub(crate) params: Vec<Value>,
    /// Rows it changed when planned, triggers and cascades included: another
    /// number when applied means that the state is not the planner's.
    pub(crate) changed: u64,
}

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MigrationStep {
    /// Its number.
    pub(crate) number: u32,
    /// Its name.
    pub(crate) name: String,
    /// SHA-256 of its text.
    #[serde(with = "crate::encoding::bytes")]
    pub(crate) hash: Vec<u8>,
    /// Its text.
    pub(crate) sql: String,
    /// How many steps a program has to know to run on the schema after it.
    #[serde(default)]
    pub(crate) readers_know: u32,
}

/// What applying an entry came to; the same on every member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// The entry holds no command.
    Nothing,
    /// Applied, now or at this earlier index.
    Applied {
        /// Index of the entry that changed the rows.
        index: u64,
    },
    /// Planned on a state that others have changed since.
    Conflict,
    /// A statement failed; nothing of the entry was kept.
    Refused {
        /// What SQLite said.
        reason: String,
    },
}
