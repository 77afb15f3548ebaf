//! Guests small enough to run inside an emulated machine.

mod boot_sector;
pub mod cpio;

pub use boot_sector::{GREETING, boot_sector_disk};
