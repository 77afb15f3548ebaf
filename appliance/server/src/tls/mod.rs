//! HTTPS: the appliance's own certificate, and the loop that accepts connections.

mod accept;
mod certificate;

pub use accept::{Limits, serve};
pub use certificate::{Identity, IdentityError};
