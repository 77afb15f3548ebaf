//! How members reach each other.
//!
//! A store runs on any [`RaftNetworkFactory`]. A member without peers has
//! [`Alone`], which reaches nobody and says so.

use openraft::BasicNode;
use openraft::error::{InstallSnapshotError, RPCError, RaftError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};

use crate::types::TypeConfig;

/// The network of a member that has no peers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alone;

/// A peer that cannot be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unreached {
    member: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("member {member} cannot be reached: this member has no network to others")]
struct NoNetwork {
    member: u64,
}

type Failed<E = openraft::error::Infallible> = RPCError<u64, BasicNode, RaftError<u64, E>>;

impl RaftNetworkFactory<TypeConfig> for Alone {
    type Network = Unreached;

    async fn new_client(&mut self, member: u64, _node: &BasicNode) -> Unreached {
        Unreached { member }
    }
}

impl Unreached {
    fn error<E: std::error::Error>(self) -> Failed<E> {
        let reason = NoNetwork {
            member: self.member,
        };
        RPCError::Unreachable(Unreachable::new(&reason))
    }
}

impl RaftNetwork<TypeConfig> for Unreached {
    async fn append_entries(
        &mut self,
        _request: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, Failed> {
        Err(self.error())
    }

    async fn install_snapshot(
        &mut self,
        _request: InstallSnapshotRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, Failed<InstallSnapshotError>> {
        Err(self.error())
    }

    async fn vote(
        &mut self,
        _request: VoteRequest<u64>,
        _option: RPCOption,
    ) -> Result<VoteResponse<u64>, Failed> {
        Err(self.error())
    }
}
