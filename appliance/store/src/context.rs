//! What surrounds a transaction: who writes, when, and how fresh a read is.

/// Who changes the state, when, and under which idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteContext {
    /// The acting user or component; idempotency keys are private to it.
    pub principal: String,
    /// Present when the caller wants a repeated request answered, not redone.
    pub idempotency: Option<Idempotency>,
    /// The caller's wall clock, milliseconds since the Unix epoch. The store
    /// itself reads no clock: answers expire by the times given here.
    pub now_ms: i64,
}

impl WriteContext {
    /// A context without idempotency key.
    pub fn new(principal: impl Into<String>, now_ms: i64) -> Self {
        Self {
            principal: principal.into(),
            idempotency: None,
            now_ms,
        }
    }

    /// The same context with an idempotency key and the hash of the request.
    #[must_use]
    pub fn with_idempotency(mut self, key: impl Into<String>, request_hash: [u8; 32]) -> Self {
        self.idempotency = Some(Idempotency {
            key: key.into(),
            request_hash,
        });
        self
    }
}

/// An idempotency key and what it was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Chosen by the client.
    pub key: String,
    /// Hash of method, path and body: the same key with another hash is
    /// refused.
    pub request_hash: [u8; 32],
}

/// The answer of an acknowledged write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// What the closure returned, now or, when replayed, the first time.
    pub value: T,
    /// True when an earlier write with the same idempotency key gave this
    /// answer and nothing was written now.
    pub replayed: bool,
    /// Index of the log entry that holds the change; the index already
    /// applied when the closure changed nothing.
    pub index: u64,
}

/// How fresh a read has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// What this member has applied, which may be behind the leader.
    Local,
    /// At least everything acknowledged before the read began.
    Linearizable,
}
