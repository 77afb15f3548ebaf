//! The updater's words in those of the API. Pure.

use megh_api_types as api;
use megh_api_types::UnixMillis;
use megh_model::update as model;

/// The whole, with what was last asked for through the API.
pub(crate) fn view(
    report: model::StatusReport,
    task: Option<api::UpdateTask>,
    progress: Option<model::Progress>,
) -> api::SystemUpdate {
    api::SystemUpdate {
        version: report.version,
        slots: report.slots.into_iter().map(slot).collect(),
        staged: report.staged.map(staged),
        trial: report.trial.map(trial),
        last_trial: report.last_trial.map(last_trial),
        check: report.check.map(check),
        progress: progress.or(report.progress).map(self::progress),
        task,
        settings: settings(report.settings),
        floor: report.floor,
        problems: report.problems,
    }
}

/// Settings as the updater keeps them.
pub(crate) fn model_settings(settings: api::UpdateSettings) -> model::Settings {
    model::Settings {
        source: settings.source,
        channel: settings.channel,
        policy: match settings.policy {
            api::UpdatePolicy::Automatic => model::Policy::Automatic,
            api::UpdatePolicy::DownloadOnly => model::Policy::DownloadOnly,
            api::UpdatePolicy::Manual => model::Policy::Manual,
        },
        window: settings.window.map(|window| model::Window {
            from_minute: window.from_minute,
            to_minute: window.to_minute,
        }),
        bandwidth: settings.bandwidth,
    }
}

fn settings(settings: model::Settings) -> api::UpdateSettings {
    api::UpdateSettings {
        source: settings.source,
        channel: settings.channel,
        policy: match settings.policy {
            model::Policy::Automatic => api::UpdatePolicy::Automatic,
            model::Policy::DownloadOnly => api::UpdatePolicy::DownloadOnly,
            model::Policy::Manual => api::UpdatePolicy::Manual,
        },
        window: settings.window.map(|window| api::UpdateWindow {
            from_minute: window.from_minute,
            to_minute: window.to_minute,
        }),
        bandwidth: settings.bandwidth,
    }
}

/// Seconds since 1970 as the API has times.
fn time(seconds: u64) -> UnixMillis {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}

fn slot(slot: model::SlotStatus) -> api::SystemSlot {
    api::SystemSlot {
        slot: slot.slot.to_string(),
        state: match slot.state {
            model::SlotState::Empty => api::SlotState::Empty,
            model::SlotState::Incomplete => api::SlotState::Incomplete,
            model::SlotState::Staged => api::SlotState::Staged,
            model::SlotState::OnTrial => api::SlotState::OnTrial,
            model::SlotState::Good => api::SlotState::Good,
            model::SlotState::Failed => api::SlotState::Failed,
        },
        version: slot.version,
        running: slot.running,
        next: slot.next,
    }
}

fn staged(staged: model::Staged) -> api::StagedUpdate {
    api::StagedUpdate {
        version: staged.version,
        slot: staged.slot.to_string(),
        at: time(staged.at),
        fetched: staged.fetched,
        size: staged.size,
    }
}

fn trial(trial: model::TrialState) -> api::UpdateTrial {
    api::UpdateTrial {
        version: trial.version,
        attempt: trial.attempt,
        checks: trial.checks.into_iter().map(gate_check).collect(),
    }
}

fn last_trial(last: model::LastTrial) -> api::LastTrial {
    api::LastTrial {
        version: last.version,
        from_version: last.from_version,
        outcome: match last.outcome {
            model::TrialOutcome::Committed => api::TrialOutcome::Committed,
            model::TrialOutcome::Failed => api::TrialOutcome::Failed,
            model::TrialOutcome::RolledBack => api::TrialOutcome::RolledBack,
        },
        reason: last.reason,
        at: time(last.at),
        checks: last.checks.into_iter().map(gate_check).collect(),
        journal: last.journal,
        data: last.data,
    }
}

fn gate_check(check: model::GateCheck) -> api::GateCheck {
    api::GateCheck {
        name: check.name,
        passed: check.passed,
        detail: check.detail,
        deadline: check.deadline,
    }
}

fn check(check: model::CheckResult) -> api::UpdateCheck {
    let offer = |offer: model::Offer| api::UpdateOffer {
        version: offer.version,
        source: offer.source,
        size: offer.size,
        download: offer.download,
        released_at: offer.released.map(time),
        refused: offer.refused,
    };
    api::UpdateCheck {
        at: time(check.at),
        offers: check.offers.into_iter().map(offer).collect(),
        error: check.error,
        code: check.code,
    }
}

fn progress(progress: model::Progress) -> api::UpdateProgress {
    api::UpdateProgress {
        phase: match progress.phase {
            model::Phase::Checking => api::UpdatePhase::Checking,
            model::Phase::Preparing => api::UpdatePhase::Preparing,
            model::Phase::Writing => api::UpdatePhase::Writing,
            model::Phase::Verifying => api::UpdatePhase::Verifying,
            model::Phase::Activating => api::UpdatePhase::Activating,
        },
        done: progress.done,
        total: progress.total,
        fetched: progress.fetched,
        rate: progress.rate,
        eta: progress.eta,
    }
}
