//! A world that outlives daemons, daemons to start in it, and clients.

pub mod client;
pub mod engines;
pub mod updater;
pub mod world;

pub use client::{Answer, Client};
pub use world::{Server, World};

/// A boot sector: 512 bytes that a pool takes as a raw disk.
pub fn boot_sector() -> Vec<u8> {
    let mut sector = vec![0x90; 512];
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}
