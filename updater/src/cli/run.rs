//! What each command does and prints.

use std::io::{self, Write};
use std::process::ExitCode;

use megh_host::{Machine, mount};
use megh_model::update::{Phase, Progress, StatusReport};
use serde_json::{Value, json};

use super::settings::Change;
use super::{Cli, Command, StageArgs};
use crate::auto::AutoOutcome;
use crate::{
    GateOutcome, GateTiming, Places, RepairRequest, StageRequest, UpdateError, Updater, chain,
    put_settings, settings,
};

/// Does what the command line says; the exit status is 0 or 1.
pub fn run(cli: Cli, machine: &dyn Machine, places: Places) -> ExitCode {
    let json = cli.json;
    match answer(cli, machine, places) {
        Ok(Answer { object, text }) => {
            if json {
                say(&object.to_string());
            } else if !text.is_empty() {
                say(&text);
            }
            ExitCode::SUCCESS
        }
        Err(Failure::GateFailed(reason)) => {
            eprintln!("megh-update: {reason}; the machine goes back to the version before");
            ExitCode::FAILURE
        }
        Err(Failure::Error(error)) => {
            if json {
                let object = json!({
                    "ok": false, "code": error.code(), "error": chain(&error), "hint": error.hint(),
                });
                say(&object.to_string());
            } else {
                eprintln!("megh-update: {}", chain(&error));
                if let Some(hint) = error.hint() {
                    eprintln!("{hint}");
                }
            }
            ExitCode::FAILURE
        }
    }
}

/// What is printed at the end, for programs and for people.
struct Answer {
    object: Value,
    text: String,
}

enum Failure {
    Error(UpdateError),
    /// The unit restarts the machine on this.
    GateFailed(String),
}

impl<E: Into<UpdateError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

fn answer(cli: Cli, machine: &dyn Machine, places: Places) -> Result<Answer, Failure> {
    let json = cli.json;
    if let Command::Settings { change } = &cli.command {
        return Ok(change_settings(change.as_ref(), json, machine, &places)?);
    }
    mount::private_namespace().map_err(UpdateError::from)?;
    let updater = Updater::new(machine, places)?;
    let mut sink = |progress: &Progress| show(progress, json);
    Ok(match cli.command {
        Command::Check => check(&updater)?,
        Command::Stage(args) => stage(&updater, args, &mut sink)?,
        Command::Apply { no_restart } => {
            let version = updater.apply(&mut sink)?;
            restart(&updater, no_restart, &version)?
        }
        Command::Rollback { no_restart } => {
            let version = updater.rollback(&mut sink)?;
            restart(&updater, no_restart, &version)?
        }
        Command::Status { fresh } => status(&updater, fresh),
        Command::Commit => gate_answer(&updater.commit()?),
        Command::Repair { loader } => repair(&updater, RepairRequest { loader })?,
        Command::Gate => gate(&updater)?,
        Command::Settle => {
            updater.settle()?;
            done("Settled.")
        }
        Command::Auto => auto(&updater)?,
        Command::Settings { .. } => unreachable!("answered before"),
    })
}

fn check(updater: &Updater<'_>) -> Result<Answer, UpdateError> {
    let result = updater.check()?;
    let mut lines: Vec<String> = result
        .offers
        .iter()
        .map(|offer| match &offer.refused {
            None => format!("MeghOS {} from {}", offer.version, offer.source),
            Some(why) => format!(
                "MeghOS {} from {}, refused: {why}",
                offer.version, offer.source
            ),
        })
        .collect();
    lines.extend(result.error.clone());
    if lines.is_empty() {
        lines.push("Nothing newer.".to_owned());
    }
    let ok = result.error.is_none() || !result.offers.is_empty();
    let hint = (result.code.as_deref() == Some("no-source")).then(|| UpdateError::NoSource.hint());
    let mut object = json!({"ok": ok, "check": result});
    if !ok {
        object["code"] = json!(result.code);
        object["error"] = json!(result.error);
        object["hint"] = json!(hint.flatten());
    }
    Ok(Answer {
        object,
        text: lines.join("\n"),
    })
}

fn stage(
    updater: &Updater<'_>,
    args: StageArgs,
    sink: &mut crate::Sink<'_>,
) -> Result<Answer, UpdateError> {
    let staged = updater.stage(
        &StageRequest {
            version: args.version,
            from: args.from,
            allow_expired: args.allow_expired,
        },
        sink,
    )?;
    Ok(Answer {
        text: format!(
            "MeghOS {} lies ready in slot {}; {} of {} bytes were fetched.",
            staged.version, staged.slot, staged.fetched, staged.size
        ),
        object: json!({"ok": true, "staged": staged}),
    })
}

fn restart(updater: &Updater<'_>, not_now: bool, version: &str) -> Result<Answer, UpdateError> {
    if !not_now {
        updater.restart()?;
    }
    let text = match not_now {
        true => format!("MeghOS {version} is started at the next restart."),
        false => format!("The machine restarts into MeghOS {version}."),
    };
    Ok(Answer {
        object: json!({"ok": true, "version": version, "restart": !not_now}),
        text,
    })
}

fn status(updater: &Updater<'_>, fresh: bool) -> Answer {
    let report = match fresh {
        true => updater.status_anew(),
        false => updater.status(),
    };
    Answer {
        object: json!(report),
        text: status_text(&report),
    }
}

fn status_text(report: &StatusReport) -> String {
    let mut lines = vec![format!("MeghOS {}", report.version)];
    for slot in &report.slots {
        let state = json!(slot.state);
        let mut line = format!("Slot {}: ", slot.slot);
        line.push_str(slot.version.as_deref().unwrap_or("no version"));
        line.push_str(&format!(", {}", state.as_str().unwrap_or_default()));
        for (is_so, word) in [(slot.running, "running"), (slot.next, "next")] {
            if is_so {
                line.push_str(&format!(", {word}"));
            }
        }
        lines.push(line);
    }
    if let Some(trial) = &report.trial {
        lines.push(format!("On trial, start {} of 3", trial.attempt));
    }
    if let Some(last) = &report.last_trial {
        lines.push(format!("Last trial, of {}: {}", last.version, last.reason));
    }
    lines.extend(
        report
            .problems
            .iter()
            .map(|problem| format!("Problem: {problem}")),
    );
    lines.join("\n")
}

fn repair(updater: &Updater<'_>, request: RepairRequest) -> Result<Answer, UpdateError> {
    let done = updater.repair(request)?;
    let text = match done.is_empty() {
        true => "Nothing had to be mended.".to_owned(),
        false => done.join("\n"),
    };
    Ok(Answer {
        object: json!({"ok": true, "done": done}),
        text,
    })
}

/// Only a version on trial makes the unit fail: for any other the machine stays
/// up, whatever went wrong.
fn gate(updater: &Updater<'_>) -> Result<Answer, Failure> {
    match updater.gate(GateTiming::default()) {
        Ok(GateOutcome::Failed {
            reason,
            go_back: true,
        }) => {
            updater.restart()?;
            Err(Failure::GateFailed(reason))
        }
        Ok(outcome) => Ok(gate_answer(&outcome)),
        Err(error) => Ok(Answer {
            object: json!({"ok": false, "code": error.code(), "error": chain(&error)}),
            text: format!("The health gate could not do its work: {}", chain(&error)),
        }),
    }
}

fn gate_answer(outcome: &GateOutcome) -> Answer {
    match outcome {
        GateOutcome::Passed { committed } => Answer {
            object: json!({"ok": true, "committed": committed}),
            text: match committed {
                true => "This version is the good one from now on.".to_owned(),
                false => "This version is the good one.".to_owned(),
            },
        },
        GateOutcome::Left => done("Another version was ordered meanwhile."),
        GateOutcome::Failed { reason, .. } => Answer {
            object: json!({"ok": true, "committed": false, "failed": reason}),
            text: format!("The health gate failed, and this version stays: {reason}"),
        },
    }
}

fn auto(updater: &Updater<'_>) -> Result<Answer, UpdateError> {
    Ok(match updater.auto()? {
        AutoOutcome::Off => done("The policy is manual."),
        AutoOutcome::UpToDate => done("Nothing to do."),
        AutoOutcome::Staged(version) => done(&format!("MeghOS {version} lies ready.")),
        AutoOutcome::Applied(version) => restart(updater, false, &version)?,
    })
}

fn change_settings(
    change: Option<&Change>,
    json: bool,
    machine: &dyn Machine,
    places: &Places,
) -> Result<Answer, UpdateError> {
    let mut kept = settings(machine, places);
    let changed = matches!(change, Some(Change::Set(_)));
    if let Some(Change::Set(args)) = change {
        kept = args.wanted(kept, json, &mut io::stdin().lock())?;
        put_settings(machine, places, &kept)?;
    }
    let text = json!(kept).to_string();
    Ok(Answer {
        object: match changed {
            true => json!({"ok": true, "settings": kept}),
            false => json!(kept),
        },
        text,
    })
}

fn done(text: &str) -> Answer {
    Answer {
        object: json!({"ok": true}),
        text: text.to_owned(),
    }
}

/// A line of progress: an object, or for people a line that is written over.
fn show(progress: &Progress, json: bool) {
    if json {
        say(&json!(progress).to_string());
        return;
    }
    let phase = match progress.phase {
        Phase::Checking => "looking",
        Phase::Preparing => "preparing",
        Phase::Writing => "writing",
        Phase::Verifying => "verifying",
        Phase::Activating => "activating",
    };
    if let Some(percent) = (progress.done * 100).checked_div(progress.total) {
        eprintln!("{phase} {percent} %, {} bytes fetched", progress.fetched);
    }
}

/// A reader that has gone away is no reason to stop.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
}
