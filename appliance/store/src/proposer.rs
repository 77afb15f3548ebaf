//! Handing commands to the raft core, until their fate is known.

use std::time::{Duration, Instant};

use openraft::error::{CheckIsLeaderError, ClientWriteError, Fatal, RaftError};

use crate::command::{Command, Outcome};
use crate::error::{FatalError, StoreError};
use crate::fault::FaultCell;
use crate::types::Raft;

/// Pause before a member that does not lead is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// Proposes commands to the raft core.
#[derive(Clone)]
pub(crate) struct Proposer {
    pub(crate) raft: Raft,
    pub(crate) fault: FaultCell,
    pub(crate) patience: Duration,
}

/// Why the fate of a command is not "applied". Shared by all closures in it.
#[derive(Debug, Clone)]
pub(crate) enum ProposeError {
    Fatal(FatalError),
    NoLeader { waited: Duration },
    OutcomeUnknown { reason: String },
    Refused { reason: String },
    Closed,
}

impl From<FatalError> for ProposeError {
    fn from(error: FatalError) -> Self {
        Self::Fatal(error)
    }
}

impl From<ProposeError> for StoreError {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Fatal(error) => Self::Fatal(error),
            ProposeError::NoLeader { waited } => Self::NoLeader {
                waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
            },
            ProposeError::OutcomeUnknown { reason } => Self::OutcomeUnknown { reason },
            ProposeError::Closed => Self::Closed,
            ProposeError::Refused { reason } => Self::RefusedOnApply { reason },
        }
    }
}

impl Proposer {
    /// Proposes a command until it is applied. The command carries what makes
    /// a second proposal of it harmless.
    pub(crate) async fn propose(&self, command: Command) -> Result<Outcome, ProposeError> {
        let begun = Instant::now();
        loop {
            let left = self.patience.saturating_sub(begun.elapsed());
            let proposed = self.raft.client_write(command.clone());
            let reason = match tokio::time::timeout(left, proposed).await {
                Ok(Ok(response)) => return Ok(response.data),
                Ok(Err(RaftError::Fatal(error))) => return Err(self.dead(&error)),
                Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(forward)))) => {
                    forward.to_string()
                }
                Ok(Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(error)))) => {
                    return Err(ProposeError::Refused {
                        reason: error.to_string(),
                    });
                }
                Err(_) => "no answer in time".to_owned(),
            };
            if begun.elapsed() >= self.patience {
                return Err(ProposeError::OutcomeUnknown { reason });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until this member is known to lead now and has applied all that
    /// was acknowledged before.
    pub(crate) async fn confirm(&self) -> Result<(), ProposeError> {
        let begun = Instant::now();
        loop {
            let left = self.patience.saturating_sub(begun.elapsed());
            match tokio::time::timeout(left, self.raft.ensure_linearizable()).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(RaftError::Fatal(error))) => return Err(self.dead(&error)),
                Ok(Err(RaftError::APIError(
                    CheckIsLeaderError::ForwardToLeader(_) | CheckIsLeaderError::QuorumNotEnough(_),
                )))
                | Err(_) => {}
            }
            if begun.elapsed() >= self.patience {
                return Err(ProposeError::NoLeader {
                    waited: begun.elapsed(),
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn dead(&self, error: &Fatal<u64>) -> ProposeError {
        match (self.fault.get(), error) {
            (Some(fault), _) => ProposeError::Fatal(fault),
            (None, Fatal::Stopped) => ProposeError::Closed,
            (None, error) => ProposeError::Fatal(FatalError::Core {
                detail: error.to_string(),
            }),
        }
    }
}
