//! What the control plane tells the health gate: whether it does its job.

use serde::{Deserialize, Serialize};

/// Socket on which `meghd` answers `GET /gate` (HTTP/1.1) with [`GateReport`];
/// root only.
pub const GATE_SOCKET: &str = "/run/meghos/meghd.sock";

/// How far a part of the control plane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// It does its job.
    Passed,
    /// It is on its way; asking again later may tell otherwise.
    Starting,
    /// It does not do its job, and waiting alone will hardly change that.
    Failed,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatePart {
    /// Whether it does its job.
    pub ok: bool,
    /// How far it is; `passed` exactly when `ok`.
    pub state: GateState,
    /// What was seen, a sentence.
    pub detail: String,
}

impl GatePart {
    /// A part that does its job.
    pub fn passed(detail: impl Into<String>) -> Self {
        Self::new(GateState::Passed, detail)
    }

    /// A part that is on its way.
    pub fn starting(detail: impl Into<String>) -> Self {
        Self::new(GateState::Starting, detail)
    }

    /// A part that does not do its job.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self::new(GateState::Failed, detail)
    }

    fn new(state: GateState, detail: impl Into<String>) -> Self {
        Self {
            ok: state == GateState::Passed,
            state,
            detail: detail.into(),
        }
    }
}

/// The answer of `GET /gate` on [`GATE_SOCKET`], always with status 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateReport {
    /// The state is opened and its schema up to date.
    pub store: GatePart,
    /// The hypervisor answers.
    pub hypervisor: GatePart,
    /// The pool is there.
    pub pool: GatePart,
    /// The instances that ran before the machine started run again.
    pub instances: GatePart,
}

impl GateReport {
    /// The parts with their stable names, which are those of
    /// [`super::GateCheck`].
    pub fn parts(&self) -> [(&'static str, &GatePart); 4] {
        [
            ("store", &self.store),
            ("hypervisor", &self.hypervisor),
            ("pool", &self.pool),
            ("instances", &self.instances),
        ]
    }

    /// Whether every part does its job.
    pub fn passes(&self) -> bool {
        self.parts().iter().all(|(_, part)| part.ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_that_does_not_do_its_job_fails_the_whole() {
        let good = || GatePart::passed("fine");
        let mut report = GateReport {
            store: good(),
            hypervisor: good(),
            pool: good(),
            instances: good(),
        };
        assert!(report.passes());
        report.instances = GatePart::starting("web is being started");
        assert!(!report.passes());
    }

    #[test]
    fn the_answer_is_the_one_that_is_agreed() {
        let part = serde_json::to_value(GatePart::failed("away")).expect("JSON");
        assert_eq!(
            part,
            serde_json::json!({"ok": false, "state": "failed", "detail": "away"})
        );
    }
}
