//! The store as the control plane uses it.

mod crash;
mod damage;
mod determinism;
mod full_disk;
mod idempotency;
mod migrations;
mod model;
mod replay;
mod support;
mod victim;
mod writes;
