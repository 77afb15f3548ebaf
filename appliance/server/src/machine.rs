//! What the daemon asks the machine about itself at its start.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use megh_model::boot::{BOOT_RECORD_PATH, BootRecord, BootSource};

/// The release's version, from `/etc/os-release`; the program's own elsewhere.
pub fn version() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |key: &str| {
        let line = release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    match field("ID").as_deref() {
        Some("meghos") => field("VERSION_ID").unwrap_or_default(),
        _ => env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The slot in use, when started from an installed disk.
pub fn slot() -> Option<String> {
    let text = fs::read(Path::new(BOOT_RECORD_PATH)).ok()?;
    match serde_json::from_slice::<BootRecord>(&text).ok()?.source {
        BootSource::Disk { slot, .. } => Some(slot.to_string()),
        BootSource::Medium { .. } => None,
    }
}

/// An id of this boot of the machine.
pub fn boot_id() -> std::io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned())
}

/// The machine's name on the network.
pub fn host_name() -> Option<String> {
    nix::unistd::gethostname()
        .ok()?
        .into_string()
        .ok()
        .filter(|name| !name.is_empty())
}

/// The addresses under which people reach the machine, and its own.
pub fn addresses() -> Vec<IpAddr> {
    let outside = megh_host::net::addresses().unwrap_or_default();
    let own = [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ];
    outside
        .into_iter()
        .map(|address| address.ip)
        .chain(own)
        .collect()
}
