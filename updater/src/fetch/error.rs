//! Why bytes could not be had, each reason with its code.

use std::io;

use megh_model::release::PartError;

/// Why bytes could not be had, or are not the right ones.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an address that releases are fetched from.
    #[error("`{url}` is not an address of releases: {why}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A path that is not made of plain names.
    #[error("`{0}` is not a path within a release")]
    Path(String),
    /// The source does not have the file.
    #[error("{path} is not there")]
    NotFound {
        /// The file.
        path: String,
    },
    /// The server answered with something else than the file.
    #[error("the server answers {status} for {path}")]
    Status {
        /// The file.
        path: String,
        /// HTTP's status.
        status: u16,
    },
    /// No connection came about, or it broke before an answer.
    #[error("{path}: the server cannot be reached")]
    Connect {
        /// The file.
        path: String,
        /// What the system or the server's certificate said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server sends nothing, or next to nothing.
    #[error("{path}: the server sent nothing for {seconds} s")]
    Stalled {
        /// The file.
        path: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The connection ended before all was sent.
    #[error("{path}: the server closed after {got} of {expected} bytes")]
    ClosedEarly {
        /// The file.
        path: String,
        /// Bytes that came.
        got: u64,
        /// Bytes that were asked for.
        expected: u64,
    },
    /// More bytes than there can be.
    #[error("{path} has more than the {limit} bytes expected")]
    TooLong {
        /// The file.
        path: String,
        /// Bytes expected.
        limit: u64,
    },
    /// The file ends before its announced size.
    #[error("{path} ends after {found} of {expected} bytes")]
    TooShort {
        /// The file.
        path: String,
        /// Its size.
        found: u64,
        /// The size announced.
        expected: u64,
    },
    /// The server sends the whole file when a range is asked for.
    #[error("{path}: the server does not serve ranges")]
    RangeIgnored {
        /// The file.
        path: String,
    },
    /// The server answers with another range than asked for.
    #[error("{path}: the server answers with another range than asked for: {why}")]
    RangeWrong {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The file changed between two requests.
    #[error("{path} was replaced on the server in the meantime")]
    Changed {
        /// The file.
        path: String,
    },
    /// The server points to somewhere else, again and again.
    #[error("{path}: the server redirects more than {limit} times")]
    Redirects {
        /// The file.
        path: String,
        /// How many are followed.
        limit: usize,
    },
    /// The server points from https to http, or away from the web.
    #[error("{path}: the server redirects to an address that is not followed: {to}")]
    RedirectRefused {
        /// The file.
        path: String,
        /// Where to.
        to: String,
    },
    /// The server sends a compressed form that was not asked for.
    #[error("{path}: the server sends it encoded as `{encoding}`")]
    Encoded {
        /// The file.
        path: String,
        /// Its encoding.
        encoding: String,
    },
    /// A file of a directory, or a seed, cannot be read.
    #[error("cannot read {what}")]
    Read {
        /// The file.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The target, or the note of how far it is, cannot be written or read.
    #[error("cannot {what}")]
    Target {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The part does not fit in.
    #[error("the part has {size} bytes, its place {room}")]
    NoRoom {
        /// The part's size in bytes.
        size: u64,
        /// The place's size in bytes.
        room: u64,
    },
    /// The chunk index is not the signed one, or of no use for the part.
    #[error("the chunk index {path} is refused: {why}")]
    Index {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A chunk is not the one of the index.
    #[error("{path}: the bytes from {at} on are not those of the chunk index")]
    Chunk {
        /// The file.
        path: String,
        /// Where the chunk begins.
        at: u64,
    },
    /// All came, and it is not what was signed.
    #[error(transparent)]
    Part(#[from] PartError),
    /// This machine cannot fetch at all.
    #[error("fetching cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl FetchError {
    /// The reason's stable name, for programs and tests.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "bad-address",
            Self::Path(_) => "bad-path",
            Self::NotFound { .. } => "not-found",
            Self::Status { .. } => "server-status",
            Self::Connect { .. } => "unreachable",
            Self::Stalled { .. } => "stalled",
            Self::ClosedEarly { .. } => "closed-early",
            Self::TooLong { .. } => "too-long",
            Self::TooShort { .. } => "too-short",
            Self::RangeIgnored { .. } => "range-ignored",
            Self::RangeWrong { .. } => "range-wrong",
            Self::Changed { .. } => "changed-midway",
            Self::Redirects { .. } => "redirect-loop",
            Self::RedirectRefused { .. } => "redirect-refused",
            Self::Encoded { .. } => "encoded",
            Self::Read { .. } => "unreadable",
            Self::Target { .. } => "target-failed",
            Self::NoRoom { .. } => "no-room",
            Self::Index { .. } => "index-refused",
            Self::Chunk { .. } => "chunk-damaged",
            Self::Part(error) => error.code(),
            Self::Setup(_) => "setup-failed",
        }
    }

    /// An error that a sink handed through a source as the system's.
    pub(super) fn unwrapped(self) -> Self {
        match self {
            Self::Target { what, source } => match source.downcast::<Self>() {
                Ok(inner) => inner,
                Err(source) => Self::Target { what, source },
            },
            other => other,
        }
    }

    /// Whether another try may help: the network's doing, not the release's.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Stalled { .. } | Self::ClosedEarly { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            _ => false,
        }
    }
}
