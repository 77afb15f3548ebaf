//! The store as the control plane uses it.

mod determinism;
mod idempotency;
mod migrations;
mod support;
mod writes;
