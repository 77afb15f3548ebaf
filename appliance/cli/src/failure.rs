//! What went wrong, how it is told, and with which exit status.

use std::process::ExitCode;

use megh_api_types::{Operation, Problem, ProblemCode};

/// Failures that have advice and an exit status of their own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The appliance refused.
    #[error("{} ({})", .0.detail, .0.code)]
    Problem(Box<Problem>),
    /// No appliance is known.
    #[error("no appliance is known{}", .0.as_ref().map(|name| format!(" as `{name}`")).unwrap_or_default())]
    NotConnected(Option<String>),
    /// The appliance does not answer.
    #[error("cannot reach {url}: {cause}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What happened.
        cause: String,
    },
    /// The certificate is another one.
    #[error("{url} shows a certificate with the fingerprint {seen}, not {pinned}")]
    OtherCertificate {
        /// Where it is.
        url: String,
        /// What it shows.
        seen: String,
        /// What is remembered.
        pinned: String,
    },
    /// The update that was waited for failed.
    #[error("the update failed: {error}")]
    Update {
        /// Why.
        error: String,
        /// What to do.
        hint: Option<String>,
    },
    /// What was waited for failed.
    #[error("the operation failed: {}", .0.error.as_deref().unwrap_or("the appliance does not say why"))]
    Operation(Box<Operation>),
}

impl Failure {
    fn remedy(&self) -> String {
        match self {
            Self::Problem(problem) => problem.remedy.clone(),
            Self::NotConnected(_) => "Connect first: `megh connect https://ADDRESS`.".into(),
            Self::Unreachable { .. } => "Check the address, and that the appliance runs.".into(),
            Self::OtherCertificate { .. } => {
                "Compare it with the appliance's own screen. If the appliance was installed anew, connect again; \
                 if not, somebody else answers in its place."
                    .into()
            }
            Self::Update { hint, .. } => hint
                .clone()
                .unwrap_or_else(|| "See `megh system update`.".into()),
            Self::Operation(operation) => format!("See `megh operation show {}`.", operation.id),
        }
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Problem(problem) if problem.code == ProblemCode::NotAuthenticated => 4,
            Self::Problem(_) | Self::NotConnected(_) => 1,
            Self::Unreachable { .. } | Self::OtherCertificate { .. } => 3,
            Self::Operation(_) | Self::Update { .. } => 5,
        }
    }
}

/// Tells what went wrong on standard error.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let known = error.downcast_ref::<Failure>();
    if json {
        let document = match known {
            Some(Failure::Problem(problem)) => serde_json::json!(problem),
            Some(other) => {
                serde_json::json!({"detail": other.to_string(), "remedy": other.remedy()})
            }
            None => serde_json::json!({"detail": format!("{error:#}")}),
        };
        eprintln!("{document}");
    } else {
        eprintln!("megh: {error:#}");
        if let Some(Failure::Problem(problem)) = known
            && problem.errors.len() > 1
        {
            for field in &problem.errors {
                eprintln!("  {}: {}", field.field, field.message);
            }
        }
        if let Some(known) = known {
            eprintln!("{}", known.remedy());
        }
    }
    ExitCode::from(known.map_or(1, Failure::exit_status))
}
