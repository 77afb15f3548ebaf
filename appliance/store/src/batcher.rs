//! Turning waiting closures into log entries.
//!
//! One task takes the closures that wait, has them planned together, and
//! proposes what they change as one entry. Nothing is answered before the
//! entry is applied, or, where nothing changed, before this member is known
//! to lead and to have planned on the newest state.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::command::{Batch, Command, Outcome};
use crate::error::StoreError;
use crate::machine::{Machine, Plan, Planned, Task};
use crate::proposer::{ProposeError, Proposer};

/// Most closures in one entry.
const BATCH: usize = 256;

/// A closure and the one who waits for its answer.
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What comes of a closure.
pub(crate) enum Answer {
    /// Its encoded answer.
    Done {
        bytes: Vec<u8>,
        replayed: bool,
        index: u64,
    },
    /// It returned an error, which its wrapper keeps.
    Aborted,
    /// Its idempotency key belongs to another request.
    OtherRequest,
    /// The store failed.
    Failed(StoreError),
}

pub(crate) enum Request {
    Write(Job),
    Stop,
}

pub(crate) struct Batcher {
    pub(crate) machine: Machine,
    pub(crate) proposer: Proposer,
}

impl Batcher {
    /// Serves the queue until it is closed or told to stop.
    pub(crate) async fn run(self, mut queue: mpsc::Receiver<Request>) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match queue.recv().await {
                    Some(Request::Write(job)) => waiting.push_back(job),
                    Some(Request::Stop) | None => return,
                }
            }
            let mut stop = false;
            while waiting.len() < BATCH && !stop {
                match queue.try_recv() {
                    Ok(Request::Write(job)) => waiting.push_back(job),
                    Ok(Request::Stop) => stop = true,
                    Err(_) => break,
                }
            }
            self.round(&mut waiting).await;
            if stop {
                return;
            }
        }
    }

    /// Answers a batch of the waiting; those that did not fit stay in front.
    async fn round(&self, waiting: &mut VecDeque<Job>) {
        waiting.retain(|job| !job.answer.is_closed());
        let batch = waiting.len().min(BATCH);
        let jobs = waiting.drain(..batch);
        let (mut tasks, senders): (Vec<_>, Vec<_>) = jobs.map(|job| (job.task, job.answer)).unzip();
        let settled = loop {
            match self.attempt(tasks).await {
                Ok(Attempt::Settled(settled)) => break settled,
                Ok(Attempt::Conflict(again)) => tasks = again,
                Err(error) => {
                    for sender in senders {
                        answer(sender, Answer::Failed(error.clone().into()));
                    }
                    return;
                }
            }
        };
        let mut deferred = Vec::new();
        for ((planned, task), sender) in settled.results.into_iter().zip(settled.tasks).zip(senders)
        {
            match Answer::from_planned(planned, settled.index) {
                Some(given) => answer(sender, given),
                None => deferred.push(Job {
                    task,
                    answer: sender,
                }),
            }
        }
        for job in deferred.into_iter().rev() {
            waiting.push_front(job);
        }
    }

    /// Plans the tasks and brings what they change through the log.
    async fn attempt(&self, tasks: Vec<Task>) -> Result<Attempt, ProposeError> {
        if tasks.is_empty() {
            return Ok(Attempt::Settled(Settled {
                results: Vec::new(),
                tasks,
                index: 0,
            }));
        }
        let now_ms = tasks
            .iter()
            .map(|task| task.context.now_ms)
            .max()
            .unwrap_or(i64::MIN);
        let (
            Plan {
                base,
                changes,
                results,
            },
            tasks,
        ) = self.machine.plan(tasks).await?;
        if changes.is_empty() {
            self.proposer.confirm().await?;
            return Ok(match self.machine.head().await? == base {
                true => Attempt::Settled(Settled {
                    results,
                    tasks,
                    index: base,
                }),
                false => Attempt::Conflict(tasks),
            });
        }
        let batch = Batch {
            request: Uuid::new_v4(),
            base,
            now_ms,
            changes,
        };
        match self.proposer.propose(Command::Write(batch)).await? {
            Outcome::Applied { index } => Ok(Attempt::Settled(Settled {
                results,
                tasks,
                index,
            })),
            Outcome::Conflict => Ok(Attempt::Conflict(tasks)),
            Outcome::Refused { reason } => Err(ProposeError::Refused { reason }),
            Outcome::Nothing => {
                let reason = "the entry was applied as an empty one".to_owned();
                Err(ProposeError::OutcomeUnknown { reason })
            }
        }
    }
}

enum Attempt {
    /// The results hold.
    Settled(Settled),
    /// Others changed the state meanwhile: plan again.
    Conflict(Vec<Task>),
}

struct Settled {
    results: Vec<Planned>,
    tasks: Vec<Task>,
    index: u64,
}

impl Answer {
    /// What a closure's result means now that the entry `index` is applied;
    /// `None` when the closure has yet to run.
    fn from_planned(planned: Planned, index: u64) -> Option<Self> {
        Some(match planned {
            Planned::Answered(bytes) => Self::Done {
                bytes,
                replayed: false,
                index,
            },
            Planned::Replayed(bytes, 0) => Self::Done {
                bytes,
                replayed: true,
                index,
            },
            Planned::Replayed(bytes, earlier) => Self::Done {
                bytes,
                replayed: true,
                index: earlier,
            },
            Planned::OtherRequest => Self::OtherRequest,
            Planned::Aborted => Self::Aborted,
            Planned::Failed(error) => Self::Failed(error),
            Planned::Deferred => return None,
        })
    }
}

fn answer(sender: oneshot::Sender<Answer>, answer: Answer) {
    // The caller may have gone; what it wrote stays.
    let _ = sender.send(answer);
}
