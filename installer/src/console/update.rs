//! What the screen says about versions and updates. Pure.

use megh_model::update::{
    LastTrial, Phase, Progress, SlotState, StatusReport, TrialOutcome, TrialState,
};

/// Columns of a line inside the box.
const WIDTH: usize = 76;
/// Lines that there is room for beside everything else.
const MAX_LINES: usize = 4;

/// The slot that does not run, in a few words.
pub fn other_slot(report: &StatusReport) -> Option<String> {
    let other = report.slots.iter().find(|slot| !slot.running)?;
    let state = match other.state {
        SlotState::Empty => return Some(format!("Slot {}: empty", other.slot)),
        SlotState::Incomplete => "incomplete",
        SlotState::Staged => "ready",
        SlotState::OnTrial => "on trial",
        SlotState::Good => "good",
        SlotState::Failed => "failed",
    };
    let version = other.version.as_deref().unwrap_or("no version");
    Some(format!("Slot {}: {version}, {state}", other.slot))
}

/// What there is to say, most urgent first, each line no wider than the box.
pub fn lines(report: &StatusReport) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(trial) = &report.trial {
        lines.extend(wrapped(&self::trial(trial), 2));
    }
    if let Some(progress) = &report.progress {
        lines.extend(wrapped(&self::progress(progress), 1));
    }
    if let Some(last) = &report.last_trial {
        lines.extend(wrapped(&self::last(last), 2));
        if let Some(data) = &last.data {
            lines.extend(wrapped(data, 2));
        }
    }
    if let Some(staged) = &report.staged {
        let text = format!("Version {} lies ready to be started.", staged.version);
        lines.extend(wrapped(&text, 1));
    }
    if let Some(problem) = report.problems.first() {
        lines.extend(wrapped(&format!("To be mended: {problem}"), 1));
    }
    lines.truncate(MAX_LINES);
    lines
}

fn trial(trial: &TrialState) -> String {
    let waiting: Vec<_> = trial
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.name.as_str())
        .collect();
    let TrialState {
        version, attempt, ..
    } = trial;
    let checks = match (trial.checks.len(), waiting.as_slice()) {
        (0, _) => "its checks have not begun".to_owned(),
        (_, []) => "all its checks passed".to_owned(),
        (_, names) => format!("it waits for {}", names.join(", ")),
    };
    format!("Version {version} is on trial, start {attempt} of 3: {checks}.")
}

fn progress(progress: &Progress) -> String {
    let phase = match progress.phase {
        Phase::Checking => "checking a release",
        Phase::Preparing => "preparing the slot",
        Phase::Writing => "writing",
        Phase::Verifying => "reading back",
        Phase::Activating => "activating",
    };
    match (progress.done * 100).checked_div(progress.total) {
        Some(percent) => format!("An update is under way: {phase}, {percent} %."),
        None => format!("An update is under way: {phase}."),
    }
}

fn last(last: &LastTrial) -> String {
    let LastTrial {
        version,
        from_version,
        reason,
        ..
    } = last;
    match last.outcome {
        TrialOutcome::Committed => format!("The update to {version} went well."),
        TrialOutcome::Failed => format!("The update to {version} failed: {reason}"),
        TrialOutcome::RolledBack => {
            format!("Somebody went back from {version} to {from_version}.")
        }
    }
}

/// A text in at most so many lines of the box, cut where it does not fit.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        let needed = line.chars().count() + 1 + word.chars().count();
        if line.is_empty() {
            line.extend(word.chars().take(WIDTH));
        } else if needed <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.chars().take(WIDTH).collect());
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        let last = lines.last_mut().expect("most is above zero");
        *last = last.chars().take(WIDTH - 4).collect::<String>() + " ...";
    }
    lines
}
