//! Serial consoles in the browser. Output is read from the guest's serial log,
//! so that every viewer sees everything once and in order, from before it came;
//! input goes through one shared connection to the hypervisor.

mod follow;
mod line;
mod tickets;
mod viewer;

pub(crate) use line::Consoles;
pub(crate) use tickets::Tickets;
pub(crate) use viewer::{MAX_MESSAGE, watch};
