//! Updates, for people.

use megh_api_types::{LastTrial, SystemUpdate, UpdateSettings, UpdateTaskStatus, UpdateTrial};
use megh_model::units::Bytes;

use crate::commands::word;
use crate::progress;
use crate::table;

/// Everything.
pub(super) fn status(update: &SystemUpdate) {
    table::pairs(&[("version", update.version.clone())]);
    println!();
    let rows: Vec<_> = update
        .slots
        .iter()
        .map(|slot| {
            let mark = |is: bool, text: &str| if is { text.to_owned() } else { String::new() };
            [
                slot.slot.to_uppercase(),
                slot.version.clone().unwrap_or_else(|| "-".to_owned()),
                word(&slot.state),
                mark(slot.running, "runs"),
                mark(slot.next, "starts next"),
            ]
        })
        .collect();
    table::print(["SLOT", "VERSION", "STATE", "", ""], &rows);
    println!();
    table::pairs(&facts(update));
    for problem in &update.problems {
        println!("problem: {problem}");
    }
    if let Some(last) = &update.last_trial {
        failed_checks(last);
    }
}

fn facts(update: &SystemUpdate) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(staged) = &update.staged {
        let text = format!(
            "{} in slot {}, {} of {} fetched; apply it with `megh system update apply`",
            staged.version,
            staged.slot.to_uppercase(),
            Bytes(staged.fetched),
            Bytes(staged.size)
        );
        facts.push(("ready", text));
    }
    if let Some(now) = &update.progress {
        facts.push(("at work", progress::update(now)));
    }
    if let Some(trial) = &update.trial {
        facts.push(("on trial", self::trial(trial)));
    }
    if let Some(last) = &update.last_trial {
        facts.push(("last update", self::last(last)));
        facts.extend(last.data.clone().map(|data| ("data", data)));
    }
    if let Some(task) = update
        .task
        .as_ref()
        .filter(|task| task.status == UpdateTaskStatus::Failed)
    {
        facts.push((
            "failed",
            format!(
                "{}: {} ({})",
                word(&task.kind),
                task.error.as_deref().unwrap_or("it does not say why"),
                task.code.as_deref().unwrap_or("unknown")
            ),
        ));
    }
    facts.push(("checked", checked(update)));
    facts.extend(update.floor.clone().map(|floor| ("least version", floor)));
    facts
}

fn checked(update: &SystemUpdate) -> String {
    let Some(check) = &update.check else {
        return "never".to_owned();
    };
    let ago = table::ago(check.at);
    match (&check.error, check.offers.as_slice()) {
        (Some(error), _) => format!("{ago}, in vain: {error}"),
        (None, []) => format!("{ago}, nothing newer"),
        (None, offers) => {
            let versions: Vec<_> = offers.iter().map(|offer| offer.version.as_str()).collect();
            format!("{ago}, found {}", versions.join(", "))
        }
    }
}

/// A trial on one line.
pub(super) fn trial(trial: &UpdateTrial) -> String {
    let passed = trial.checks.iter().filter(|check| check.passed).count();
    let waiting: Vec<_> = trial
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.name.as_str())
        .collect();
    let waits = match waiting.as_slice() {
        [] => String::new(),
        names => format!(", waits for {}", names.join(", ")),
    };
    format!(
        "{}, start {} of 3, {passed} of {} checks passed{waits}",
        trial.version,
        trial.attempt,
        trial.checks.len()
    )
}

/// The last trial on one line.
pub(super) fn last(last: &LastTrial) -> String {
    format!(
        "{} {} {}: {}",
        last.version,
        word(&last.outcome),
        table::ago(last.at),
        last.reason
    )
}

fn failed_checks(last: &LastTrial) {
    for check in last.checks.iter().filter(|check| !check.passed) {
        println!("  {:<12}  {}", check.name, check.detail);
    }
    if last.journal {
        println!("The journal of that start: megh system update journal");
    }
}

/// What a check found.
pub(super) fn offers(update: &SystemUpdate) {
    let Some(check) = &update.check else {
        return;
    };
    if let Some(error) = &check.error {
        println!("It could not be found out: {error}");
    }
    if check.offers.is_empty() {
        if check.error.is_none() {
            println!("{} is the newest version.", update.version);
        }
        return;
    }
    let rows: Vec<_> = check
        .offers
        .iter()
        .map(|offer| {
            let size = |size: Option<u64>| size.map_or("?".into(), |size| Bytes(size).to_string());
            [
                offer.version.clone(),
                size(Some(offer.size)),
                size(offer.download),
                offer.released_at.map(table::ago).unwrap_or_default(),
                offer.source.clone(),
                offer.refused.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let heading = [
        "VERSION",
        "SIZE",
        "TO FETCH",
        "RELEASED",
        "SOURCE",
        "NEEDS --allow-expired",
    ];
    table::print(heading, &rows);
}

/// The settings.
pub(super) fn settings(settings: &UpdateSettings) {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    table::pairs(&[
        (
            "source",
            settings
                .source
                .clone()
                .unwrap_or_else(|| "none, only sticks".into()),
        ),
        (
            "channel",
            settings.channel.clone().unwrap_or_else(|| "stable".into()),
        ),
        ("policy", word(&settings.policy)),
        (
            "window",
            settings.window.map_or_else(
                || "at any time".into(),
                |window| {
                    let (from, to) = (time(window.from_minute), time(window.to_minute));
                    format!("{from} to {to} UTC")
                },
            ),
        ),
        (
            "bandwidth",
            settings.bandwidth.map_or_else(
                || "no limit".into(),
                |bytes| format!("{} per second", Bytes(bytes)),
            ),
        ),
    ]);
}
