//! Runs the product in virtual machines and looks at it from outside.
//!
//! A test says what happens to a machine and what must be seen:
//!
//! ```no_run
//! use megh_qemu_tests::{Firmware, Medium, appliance, installation, scenario};
//!
//! scenario("a fresh disk boots", |lab| {
//!     let disk = installation::install(lab, Firmware::Uefi, Medium::Iso)?;
//!     let appliance = appliance::boot(lab, Firmware::Uefi, &disk)?;
//!     let api = appliance.claim()?;
//!     assert_eq!(api.system()?.slot.as_deref(), Some("a"));
//!     appliance.power_off()
//! });
//! ```
//!
//! Nothing here links the product's crates except the wire types and the pure
//! rules: what is tested is the built image.

pub mod answers;
pub mod api;
pub mod appliance;
pub mod attack;
pub mod bench;
pub mod campaign;
pub mod direct;
pub mod disk;
pub mod faults;
pub mod guest;
pub mod image_check;
pub mod installation;
mod lab;
pub mod machine;
pub mod on_host;
pub mod power_cut;
pub mod qmp;
pub mod release;
pub mod serial;
mod signing;
pub mod site;
pub mod stick;
pub mod trial;
pub mod updating;
pub mod write_log;

pub use lab::{Lab, scenario};
pub use machine::{Firmware, Machine, MachineSpec, Medium};
