//! How a request fails.

use megh_api_types::{Problem, ProblemCode};

/// Why a request brought no answer of the wanted form.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The appliance refused and said why.
    #[error("{request}: {} {:?}: {} ({})", problem.status, problem.code, problem.detail, problem.remedy)]
    Refused {
        /// Method and path.
        request: String,
        /// The answer.
        problem: Box<Problem>,
    },
    /// No whole answer came.
    #[error("{request}")]
    Transport {
        /// Method and path.
        request: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The answer is not what the API promises.
    #[error("{request}: status {status}, and the body is not of the promised form: {body}")]
    Unpromised {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// The body, as text.
        body: String,
    },
}

impl ApiError {
    /// The problem's code, when the appliance refused.
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Refused { problem, .. } => Some(problem.code),
            _ => None,
        }
    }
}
