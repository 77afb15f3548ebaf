//! Pure rules of MeghOS: what is decided before anything is done.
//!
//! Nothing here does I/O, reads a clock, draws randomness or is asynchronous;
//! callers pass such things in. What is decided is carried out by `megh-host`
//! and by the drivers of the engines.

pub mod answers;
pub mod bios;
pub mod boot;
pub mod boot_env;
pub mod console;
pub mod delta;
pub mod layout;
pub mod mutable;
pub mod name;
pub mod recipe;
pub mod release;
pub mod secure_boot;
pub mod slot;
pub mod units;
pub mod update;
pub mod verity;
pub mod vm;
