//! Why a request could not be done, in the words of the API.

use std::time::Duration;

use megh_api_types::{FieldError, ProblemCode};

/// Why a request could not be done. Becomes a problem document at the edge.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Fault {
    /// The kind.
    pub code: ProblemCode,
    /// What happened to which object.
    pub detail: String,
    /// What to do, when there is better advice than the code's own.
    pub remedy: Option<String>,
    /// The fields at fault.
    pub fields: Vec<FieldError>,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A fault with the code's own remedy.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            remedy: None,
            fields: Vec::new(),
            retry_after: None,
        }
    }

    /// A fault of the appliance. The cause goes to the journal, not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal fault");
        Self::new(
            ProblemCode::Internal,
            "The appliance failed to do this. The cause is in its journal.",
        )
    }

    /// Something with this name or id is not there.
    pub fn not_found(kind: &str, selector: impl std::fmt::Display) -> Self {
        Self::new(
            ProblemCode::NotFound,
            format!("There is no {kind} `{selector}`."),
        )
    }

    /// One field has a value that is not allowed.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError {
            field: field.to_owned(),
            message: message.into(),
        }])
    }

    /// Several fields have values that are not allowed.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let names: Vec<_> = fields
            .iter()
            .map(|error| format!("`{}`", error.field))
            .collect();
        let detail = match fields.as_slice() {
            [one] => format!("`{}`: {}.", one.field, one.message),
            _ => format!("These fields are not right: {}.", names.join(", ")),
        };
        Self {
            fields,
            ..Self::new(ProblemCode::InvalidField, detail)
        }
    }

    /// The object's state does not allow it now.
    pub fn wrong_state(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::WrongState, detail)
    }

    /// The same fault with other advice.
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same fault with a time to wait.
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}
