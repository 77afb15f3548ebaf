//! Tests of what the public interface does not reach: the raft library's own
//! suite for storage, and two planners at once.

mod conflict;
mod suite;
