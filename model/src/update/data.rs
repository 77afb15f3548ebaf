//! What became of the control plane's data when an older version took over.

use serde::{Deserialize, Serialize};

/// The content of [`super::DATA_NOTE_FILE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataNote {
    /// What was restored and what that lost, a few sentences.
    pub text: String,
    /// When, seconds since 1970.
    pub at: u64,
}
