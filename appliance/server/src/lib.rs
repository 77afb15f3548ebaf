//! `meghd`: the control plane of an appliance.
//!
//! Requests go from `http` to `service`; `service` changes the store and
//! leaves long work to operations, which `work` carries out through the
//! drivers; `reconcile` brings what is into line with what should be.
//!
//! Invariants:
//! - Nothing is global: all that is shared is in [`app::App`].
//! - `service` knows no HTTP, `http` knows no SQL, `rows` knows nothing else.
//! - No secret is stored: of passwords, sessions and tickets there are hashes.
//! - What changes outside was announced in the store before, so that what is
//!   outside and unknown to the store is a leftover and may be removed.

pub mod app;
mod claim_code;
pub mod clock;
mod console;
pub mod engines;
#[cfg(feature = "fake")]
pub mod fake;
pub mod fault;
mod files;
pub mod gate;
pub mod going_back;
mod health;
pub mod http;
pub mod machine;
pub mod options;
pub mod ownership;
pub mod password;
pub mod reconcile;
mod rows;
mod secret;
pub mod serve;
mod service;
mod throttle;
pub mod tls;
pub mod updates;
pub mod work;

pub use rows::migrations;
