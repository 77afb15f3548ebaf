//! What a virtual machine is made of.

use std::path::PathBuf;

use uuid::Uuid;

/// Everything the driver needs to define one virtual machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainSpec {
    /// The instance's id; also the libvirt UUID.
    pub id: Uuid,
    /// The instance's name, for people who read libvirt's own lists. It need
    /// not be unique: libvirt's name also carries the id.
    pub name: String,
    /// Virtual processors, 1 to 256.
    pub vcpus: u32,
    /// Memory in bytes, a multiple of 1 MiB.
    pub memory: u64,
    /// Root disk.
    pub disk: DiskSource,
    /// How the guest's firmware starts it.
    pub firmware: GuestFirmware,
    /// File that receives everything the guest prints on its serial port.
    pub serial_log: PathBuf,
}

/// Firmware of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestFirmware {
    /// SeaBIOS.
    Bios,
    /// OVMF.
    Uefi,
}

/// Where a guest's disk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskSource {
    /// A raw block device, for example an LVM thin volume.
    Block(PathBuf),
    /// A qcow2 file.
    Qcow2(PathBuf),
}
