//! The appliance's own updates: `megh-update` does the work, this asks it. The
//! daemon holds nothing that the program does not know as well, so that a
//! restart of either loses nothing but the story of the last request.

mod answer;
mod program;
mod view;

pub(crate) use program::UpdaterError;
pub use program::{Limits, Program};
pub(crate) use view::{model_settings, view};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use megh_api_types::{UnixMillis, UpdateTask, UpdateTaskKind, UpdateTaskStatus};
use megh_model::update::{Progress, Settings, StatusReport};

use crate::clock::Clock;

/// How long an answer of the program is told again.
const FRESH: Duration = Duration::from_millis(700);

/// Asks the updater, and follows the one command that may be at work.
pub struct Updates {
    program: Program,
    status: tokio::sync::Mutex<Option<(Instant, StatusReport)>>,
    task: Arc<Mutex<Option<Task>>>,
}

/// What was asked for last.
#[derive(Debug, Clone)]
struct Task {
    words: Vec<String>,
    told: UpdateTask,
    progress: Option<Progress>,
    /// When it ended; what was told before may not know of it.
    ended: Option<Instant>,
}

/// Another command is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy(pub(crate) UpdateTaskKind);

impl Updates {
    /// Nothing is asked yet.
    pub fn new(program: Program) -> Self {
        Self {
            program,
            status: tokio::sync::Mutex::default(),
            task: Arc::default(),
        }
    }

    /// What the updater tells now; callers at the same moment share one answer,
    /// unless a command has ended since.
    pub(crate) async fn status(&self) -> Result<StatusReport, UpdaterError> {
        let mut kept = self.status.lock().await;
        let ended = lock(&self.task).as_ref().and_then(|task| task.ended);
        if let Some((at, report)) = &*kept
            && at.elapsed() < FRESH
            && ended.is_none_or(|ended| ended < *at)
        {
            return Ok(report.clone());
        }
        let asked = Instant::now();
        let program = self.program.clone();
        let report = tokio::task::spawn_blocking(move || program.status())
            .await
            .map_err(UpdaterError::lost)??;
        *kept = Some((asked, report.clone()));
        Ok(report)
    }

    /// Keeps other settings.
    pub(crate) async fn set(&self, settings: Settings) -> Result<(), UpdaterError> {
        let mut kept = self.status.lock().await;
        let program = self.program.clone();
        let set = tokio::task::spawn_blocking(move || program.set(&settings))
            .await
            .map_err(UpdaterError::lost)?;
        *kept = None;
        set
    }

    /// What was asked for last, and how far it is.
    pub(crate) fn task(&self) -> (Option<UpdateTask>, Option<Progress>) {
        match &*lock(&self.task) {
            Some(task) => (Some(task.told.clone()), task.progress),
            None => (None, None),
        }
    }

    /// Begins a command. Asking again for the one that is at work is answered
    /// as the first time.
    pub(crate) async fn begin(
        &self,
        kind: UpdateTaskKind,
        words: Vec<String>,
        clock: &Clock,
    ) -> Result<(), Busy> {
        {
            let mut task = lock(&self.task);
            if let Some(running) = task.as_ref().filter(|task| task.is_running()) {
                return match running.words == words {
                    true => Ok(()),
                    false => Err(Busy(running.told.kind)),
                };
            }
            *task = Some(Task::begun(kind, words.clone(), clock.now()));
        }
        *self.status.lock().await = None;
        let (program, task, clock) = (self.program.clone(), Arc::clone(&self.task), clock.clone());
        // A thread of its own: one of the runtime's would hold up the daemon's end.
        std::thread::spawn(move || {
            let outcome = program.run(kind, &words, |progress| {
                if let Some(task) = lock(&task).as_mut() {
                    task.progress = Some(progress);
                }
            });
            if let Err(error) = &outcome {
                tracing::warn!(
                    ?kind,
                    code = error.code,
                    error = error.message,
                    "the updater failed"
                );
            }
            if let Some(task) = lock(&task).as_mut() {
                task.end(outcome, clock.now());
            }
        });
        Ok(())
    }
}

impl Task {
    fn begun(kind: UpdateTaskKind, words: Vec<String>, now: UnixMillis) -> Self {
        let told = UpdateTask {
            kind,
            status: UpdateTaskStatus::Running,
            started_at: now,
            finished_at: None,
            code: None,
            error: None,
            hint: None,
        };
        Self {
            words,
            told,
            progress: None,
            ended: None,
        }
    }

    fn is_running(&self) -> bool {
        self.told.status == UpdateTaskStatus::Running
    }

    fn end(&mut self, outcome: Result<(), UpdaterError>, now: UnixMillis) {
        self.progress = None;
        self.ended = Some(Instant::now());
        self.told.finished_at = Some(now);
        match outcome {
            Ok(()) => self.told.status = UpdateTaskStatus::Succeeded,
            Err(error) => {
                self.told.status = UpdateTaskStatus::Failed;
                self.told.code = Some(error.code);
                self.told.error = Some(error.message);
                self.told.hint = error.hint;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
