//! Why a release is refused, with a stable code for every reason.

use super::{Document, IndexError, ManifestError, RootError, SignatureError};

/// Why a release is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not there.
    #[error("there is no {what} ({file})")]
    Missing {
        /// The document.
        what: Document,
        /// Its file.
        file: String,
    },
    /// Too large to be one.
    #[error("the {what} has more than the {} bytes that one can have", what.limit())]
    TooLarge {
        /// The document.
        what: Document,
    },
    /// The signatures do not make it believed.
    #[error("the signature of the {what} {why}")]
    Signature {
        /// The document.
        what: Document,
        /// What is wrong.
        why: SignatureError,
    },
    /// Rightly signed, but not such a document.
    #[error("the {what} cannot be read: {why}")]
    Malformed {
        /// The document.
        what: Document,
        /// What the parser said.
        why: String,
    },
    /// Keys that are not to be followed.
    #[error("the root document is refused: {0}")]
    Root(RootError),
    /// Releases that are not for this machine, or not now.
    #[error("the channel's index is refused: {0}")]
    Index(IndexError),
    /// A release that is not for this machine.
    #[error("the manifest is refused: {0}")]
    Manifest(ManifestError),
}

impl From<RootError> for VerifyError {
    fn from(error: RootError) -> Self {
        Self::Root(error)
    }
}

impl From<IndexError> for VerifyError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<ManifestError> for VerifyError {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}

/// The code of something that each of the three documents can have.
macro_rules! each_document {
    ($what:expr, $rest:literal) => {
        match $what {
            Document::Root => concat!("root-", $rest),
            Document::Index => concat!("index-", $rest),
            Document::Manifest => concat!("manifest-", $rest),
        }
    };
}

impl VerifyError {
    /// A stable name of the reason, for programs: lower-case words with dashes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { what, .. } => each_document!(what, "missing"),
            Self::TooLarge { what } => each_document!(what, "too-large"),
            Self::Signature { what, why } => signature_code(*what, why),
            Self::Malformed { what, why } => malformed_code(*what, why),
            Self::Root(error) => error.code(),
            Self::Index(error) => error.code(),
            Self::Manifest(error) => error.code(),
        }
    }

    /// Whether only age speaks against it, so that a person's explicit word
    /// (the `allow_expired` of [`super::Demands`]) lets it pass.
    pub fn is_age(&self) -> bool {
        matches!(
            self,
            Self::Root(RootError::Expired { .. } | RootError::Replayed { .. })
                | Self::Index(IndexError::Expired { .. } | IndexError::Replayed { .. })
        )
    }
}

fn signature_code(what: Document, why: &SignatureError) -> &'static str {
    match why {
        SignatureError::TooLarge => each_document!(what, "signature-too-large"),
        SignatureError::Missing => each_document!(what, "signature-missing"),
        SignatureError::Malformed(_) => each_document!(what, "signature-malformed"),
        SignatureError::UnknownKey { .. } => each_document!(what, "key-unknown"),
        SignatureError::RetiredKey(_) => each_document!(what, "key-retired"),
        SignatureError::OtherRole(_) => each_document!(what, "key-of-other-role"),
        SignatureError::Wrong => each_document!(what, "signature-wrong"),
        SignatureError::Threshold { .. } => each_document!(what, "signatures-too-few"),
    }
}

/// serde_json tells these apart by their words alone.
fn malformed_code(what: Document, why: &str) -> &'static str {
    if why.starts_with("unknown field") || why.starts_with("unknown variant") {
        each_document!(what, "unknown-field")
    } else if why.starts_with("duplicate field") || why.contains("is named twice") {
        each_document!(what, "repeated-field")
    } else {
        each_document!(what, "malformed")
    }
}
