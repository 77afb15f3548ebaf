//! What the machine's own screen shows. `meghd` writes it as
//! [`CONSOLE_STATUS_PATH`]; the console reads it and works without it.

use serde::{Deserialize, Serialize};

/// Where `meghd` puts [`ConsoleStatus`]: readable by root only, since it holds
/// the claim code, and gone after a reboot.
pub const CONSOLE_STATUS_PATH: &str = "/run/meghos/console.json";

/// What the control plane tells the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleStatus {
    /// TCP port of the HTTPS listener.
    pub port: u16,
    /// SHA-256 of the TLS certificate's DER form, lower-case hex pairs joined by colons.
    pub fingerprint: String,
    /// The code to claim the machine with; absent once it is claimed.
    pub claim_code: Option<String>,
}
