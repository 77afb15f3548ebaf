//! The daemon on this host, with a libvirt of the test's own: where a test
//! needs to do to the daemon what an appliance lets nobody do, such as killing
//! it without warning.

mod build;
mod daemon;
mod libvirt;

pub use build::built_program;
pub use daemon::Daemon;
pub use libvirt::PrivateLibvirt;
