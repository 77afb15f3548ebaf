//! Guests small enough to run inside an emulated machine.

mod boot_sector;
pub mod cpio;
mod linux;

pub use boot_sector::{GREETING, boot_sector_disk};
pub use linux::{LINUX_GREETING, linux_disk};
