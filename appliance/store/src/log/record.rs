//! The form of log entries on disk: own structures, so that the raft library
//! can change its own.

use std::collections::{BTreeMap, BTreeSet};

use openraft::{BasicNode, CommittedLeaderId, EntryPayload};
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::types::{Entry, LogId, Membership, Vote};

/// A log entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    id: RecordId,
    payload: Payload,
}

/// Position of an entry and the leader that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordId {
    term: u64,
    leader: u64,
    index: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Payload {
    #[serde(rename = "blank")]
    Blank,
    #[serde(rename = "members")]
    Members(Members),
    #[serde(rename = "command")]
    Command(Command),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Members {
    /// One set of voters; two while they change.
    voters: Vec<BTreeSet<u64>>,
    /// Addresses of all members, voters and learners.
    addresses: BTreeMap<u64, String>,
}

/// A membership and the entry it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MembersRecord {
    id: Option<RecordId>,
    members: Members,
}

/// A vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VoteRecord {
    term: u64,
    candidate: u64,
    committed: bool,
}

impl From<LogId> for RecordId {
    fn from(id: LogId) -> Self {
        Self {
            term: id.leader_id.term,
            leader: id.leader_id.node_id,
            index: id.index,
        }
    }
}

impl From<RecordId> for LogId {
    fn from(id: RecordId) -> Self {
        Self::new(CommittedLeaderId::new(id.term, id.leader), id.index)
    }
}

impl From<Entry> for Record {
    fn from(entry: Entry) -> Self {
        let payload = match entry.payload {
            EntryPayload::Blank => Payload::Blank,
            EntryPayload::Normal(command) => Payload::Command(command),
            EntryPayload::Membership(membership) => Payload::Members((&membership).into()),
        };
        Self {
            id: entry.log_id.into(),
            payload,
        }
    }
}

impl From<Record> for Entry {
    fn from(record: Record) -> Self {
        let payload = match record.payload {
            Payload::Blank => EntryPayload::Blank,
            Payload::Command(command) => EntryPayload::Normal(command),
            Payload::Members(members) => EntryPayload::Membership(members.into()),
        };
        Self {
            log_id: record.id.into(),
            payload,
        }
    }
}

impl From<&openraft::Membership<u64, BasicNode>> for Members {
    fn from(membership: &openraft::Membership<u64, BasicNode>) -> Self {
        let addresses = membership
            .nodes()
            .map(|(id, node)| (*id, node.addr.clone()))
            .collect();
        Self {
            voters: membership.get_joint_config().clone(),
            addresses,
        }
    }
}

impl From<Members> for openraft::Membership<u64, BasicNode> {
    fn from(members: Members) -> Self {
        let nodes = members
            .addresses
            .into_iter()
            .map(|(id, address)| (id, BasicNode::new(address)));
        Self::new(members.voters, nodes.collect::<BTreeMap<_, _>>())
    }
}

impl From<&Membership> for MembersRecord {
    fn from(stored: &Membership) -> Self {
        Self {
            id: stored.log_id().map(RecordId::from),
            members: stored.membership().into(),
        }
    }
}

impl From<MembersRecord> for Membership {
    fn from(record: MembersRecord) -> Self {
        Self::new(record.id.map(LogId::from), record.members.into())
    }
}

impl From<Vote> for VoteRecord {
    fn from(vote: Vote) -> Self {
        Self {
            term: vote.leader_id.term,
            candidate: vote.leader_id.node_id,
            committed: vote.committed,
        }
    }
}

impl From<VoteRecord> for Vote {
    fn from(record: VoteRecord) -> Self {
        if record.committed {
            Self::new_committed(record.term, record.candidate)
        } else {
            Self::new(record.term, record.candidate)
        }
    }
}
