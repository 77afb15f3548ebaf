//! Following an update to its end, across the restart of the machine.

use std::time::{Duration, Instant};

use anyhow::Result;
use megh_api_types::{LastTrial, SystemUpdate, TrialOutcome, UpdateTaskStatus};

use super::show;
use crate::api::Api;
use crate::commands::Context;
use crate::failure::Failure;
use crate::progress::{self, StatusLine};

/// How often it is looked.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the machine may be away while it restarts.
const AWAY: Duration = Duration::from_secs(30 * 60);

/// What is waited for.
#[derive(Debug, Clone)]
pub(super) enum Goal {
    /// The end of what was asked for.
    Task,
    /// That nothing is under way.
    Rest,
    /// The end of the trial that comes after what was seen before.
    Restart {
        /// The version that ran before.
        version: String,
        /// How the last trial before this one ended.
        last: Option<LastTrial>,
    },
}

impl Goal {
    /// The end of the restart that is about to begin.
    pub(super) fn restart(now: &SystemUpdate) -> Self {
        Self::Restart {
            version: now.version.clone(),
            last: now.last_trial.clone(),
        }
    }

    fn restarts(&self) -> bool {
        matches!(self, Self::Restart { .. })
    }
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// On its way.
    Going(String),
    /// Done.
    Done,
    /// It failed, with what to do.
    Failed(String, Option<String>),
}

/// Looks until the goal is reached. With `stream`, every change is printed as
/// a line of JSON, the last one too.
pub(super) async fn follow(
    context: &Context,
    api: &Api,
    begun: SystemUpdate,
    goal: Goal,
    stream: bool,
) -> Result<SystemUpdate> {
    let mut line = StatusLine::new(context.json);
    let mut now = begun;
    let mut told = String::new();
    let mut away: Option<Instant> = None;
    loop {
        if stream {
            let text = serde_json::to_string(&now)?;
            if text != told {
                println!("{text}");
                told = text;
            }
        }
        match judge(&goal, &now) {
            Verdict::Going(text) => line.show(&text),
            Verdict::Done => {
                line.clear();
                return Ok(now);
            }
            Verdict::Failed(error, hint) => {
                line.clear();
                return Err(Failure::Update { error, hint }.into());
            }
        }
        tokio::time::sleep(PAUSE).await;
        match api.get("system/update").await {
            Ok(seen) => {
                now = seen;
                away = None;
            }
            Err(error) if is_restarting(&error, &goal) => {
                let since = *away.get_or_insert_with(Instant::now);
                if since.elapsed() > AWAY {
                    line.clear();
                    return Err(error);
                }
                line.show(&format!(
                    "the appliance restarts, {} s away",
                    since.elapsed().as_secs()
                ));
            }
            Err(error) => {
                line.clear();
                return Err(error);
            }
        }
    }
}

/// While the machine restarts, it is away, and then not yet all there.
fn is_restarting(error: &anyhow::Error, goal: &Goal) -> bool {
    let passes = match error.downcast_ref() {
        Some(Failure::Unreachable { .. }) => true,
        Some(Failure::Problem(problem)) => problem.status == 503,
        _ => false,
    };
    passes && goal.restarts()
}

fn judge(goal: &Goal, now: &SystemUpdate) -> Verdict {
    if let Some(task) = &now.task {
        let error = || task.error.clone().unwrap_or_default();
        match task.status {
            UpdateTaskStatus::Failed if !matches!(goal, Goal::Rest) => {
                let code = task.code.as_deref().unwrap_or("unknown");
                return Verdict::Failed(format!("{} ({code})", error()), task.hint.clone());
            }
            UpdateTaskStatus::Running => return Verdict::Going(at_work(now)),
            _ => {}
        }
    }
    match goal {
        Goal::Task => Verdict::Done,
        Goal::Rest if now.progress.is_some() || now.trial.is_some() => Verdict::Going(at_work(now)),
        Goal::Rest => Verdict::Done,
        Goal::Restart { .. } if now.trial.is_some() => Verdict::Going(at_work(now)),
        Goal::Restart { version, last } => match &now.last_trial {
            seen if seen == last && now.version == *version => {
                Verdict::Going("the appliance is about to restart".to_owned())
            }
            Some(seen) if Some(seen) != last.as_ref() && seen.outcome == TrialOutcome::Failed => {
                Verdict::Failed(
                    format!(
                        "version {} did not do its job: {}",
                        seen.version, seen.reason
                    ),
                    Some(format!("The machine is back on {}.", now.version)),
                )
            }
            _ => Verdict::Done,
        },
    }
}

fn at_work(now: &SystemUpdate) -> String {
    match (&now.progress, &now.trial) {
        (Some(progress), _) => progress::update(progress),
        (None, Some(trial)) => show::trial(trial),
        (None, None) => "at work".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update() -> SystemUpdate {
        SystemUpdate {
            version: "1.0.0".to_owned(),
            slots: Vec::new(),
            staged: None,
            trial: None,
            last_trial: None,
            check: None,
            progress: None,
            task: None,
            settings: Default::default(),
            floor: None,
            problems: Vec::new(),
        }
    }

    fn ended(outcome: TrialOutcome) -> LastTrial {
        LastTrial {
            version: "1.1.0".to_owned(),
            from_version: "1.0.0".to_owned(),
            outcome,
            reason: "the pool is away".to_owned(),
            at: 1,
            checks: Vec::new(),
            journal: false,
            data: None,
        }
    }

    #[test]
    fn a_restart_ends_with_its_own_trial_only() {
        let goal = Goal::restart(&update());
        assert!(matches!(judge(&goal, &update()), Verdict::Going(_)));

        let mut failed = update();
        failed.last_trial = Some(ended(TrialOutcome::Failed));
        let Verdict::Failed(error, hint) = judge(&goal, &failed) else {
            panic!("it failed")
        };
        assert!(error.contains("the pool is away"), "{error}");
        assert!(hint.expect("a hint").contains("1.0.0"));
        // A failure of long ago does not count.
        let goal = Goal::restart(&failed);
        assert!(matches!(judge(&goal, &failed), Verdict::Going(_)));

        let mut committed = failed.clone();
        committed.version = "1.1.0".to_owned();
        committed.last_trial = Some(ended(TrialOutcome::Committed));
        assert_eq!(judge(&goal, &committed), Verdict::Done);
        committed.trial = Some(megh_api_types::UpdateTrial {
            version: "1.1.0".to_owned(),
            attempt: 1,
            checks: Vec::new(),
        });
        assert!(matches!(judge(&goal, &committed), Verdict::Going(_)));
    }
}
