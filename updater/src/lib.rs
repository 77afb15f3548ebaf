//! What a machine needs to start and to change its own system.
//!
//! Nothing here depends on the control plane: it works when `meghd` is dead.

pub mod boot_env;
pub mod fetch;
pub mod root;
