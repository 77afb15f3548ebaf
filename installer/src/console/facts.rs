//! What the screen shows, and where it comes from.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use megh_host::net::{self, Address};
use megh_model::boot::{BOOT_RECORD_PATH, BootRecord, BootSource};
use megh_model::console::{CONSOLE_STATUS_PATH, ConsoleStatus};
use megh_model::slot::Slot;
use megh_model::update::{STATUS_PATH, StatusReport};

/// HTTPS, which a URL need not mention.
const HTTPS: u16 = 443;

/// Everything on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The product's name.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The machine's name.
    pub host_name: String,
    /// The slot in use; none on a medium.
    pub slot: Option<Slot>,
    /// Where the machine can be reached.
    pub addresses: Vec<Address>,
    /// The network cards.
    pub cards: Vec<String>,
    /// The control plane.
    pub control: Control,
    /// Both slots and updates; absent until the updater has looked.
    pub update: Option<StatusReport>,
}

/// How the control plane is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// It has not said anything yet.
    Starting,
    /// It runs.
    Running(ConsoleStatus),
    /// It has ended.
    Dead,
}

/// Where the facts come from; other places in tests.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `/etc/os-release`.
    pub os_release: PathBuf,
    /// What the initrd wrote about the start.
    pub boot_record: PathBuf,
    /// What the control plane says.
    pub status: PathBuf,
    /// The control group of the control plane: its processes.
    pub processes: PathBuf,
    /// The kernel's name of the machine.
    pub host_name: PathBuf,
    /// The network cards.
    pub cards: PathBuf,
    /// What the updater says.
    pub update: PathBuf,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            os_release: "/etc/os-release".into(),
            boot_record: BOOT_RECORD_PATH.into(),
            status: CONSOLE_STATUS_PATH.into(),
            processes: "/sys/fs/cgroup/system.slice/meghd.service/cgroup.procs".into(),
            host_name: "/proc/sys/kernel/hostname".into(),
            cards: "/sys/class/net".into(),
            update: STATUS_PATH.into(),
        }
    }
}

impl Sources {
    /// Reads everything. What cannot be read is shown as absent: this screen
    /// must come up on a machine with any kind of trouble.
    pub fn read(&self) -> Facts {
        let os_release = fs::read_to_string(&self.os_release).unwrap_or_default();
        let field = |key| os_release_field(&os_release, key).unwrap_or_default();
        Facts {
            product: field("NAME"),
            version: field("VERSION_ID"),
            host_name: fs::read_to_string(&self.host_name)
                .unwrap_or_default()
                .trim()
                .to_owned(),
            slot: slot(&self.boot_record),
            addresses: net::addresses().unwrap_or_default(),
            cards: net::cards(&self.cards),
            control: self.control(),
            update: fs::read(&self.update)
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok()),
        }
    }

    fn control(&self) -> Control {
        let alive = fs::read_to_string(&self.processes).is_ok_and(|list| !list.trim().is_empty());
        let status = fs::read_to_string(&self.status).ok();
        match status.and_then(|text| serde_json::from_str(&text).ok()) {
            Some(status) if alive => Control::Running(status),
            Some(_) => Control::Dead,
            None => Control::Starting,
        }
    }
}

impl Facts {
    /// The addresses to open in a browser, the best one first.
    pub fn urls(&self) -> Vec<String> {
        let port = match &self.control {
            Control::Running(status) if status.port != HTTPS => format!(":{}", status.port),
            _ => String::new(),
        };
        let host = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        self.addresses
            .iter()
            .map(|address| format!("https://{}{port}/", host(address.ip)))
            .collect()
    }
}

fn slot(record: &Path) -> Option<Slot> {
    let record: BootRecord = serde_json::from_str(&fs::read_to_string(record).ok()?).ok()?;
    match record.source {
        BootSource::Disk { slot, .. } => Some(slot),
        BootSource::Medium { .. } => None,
    }
}

/// A value of os-release, without the quotes around it.
fn os_release_field(text: &str, key: &str) -> Option<String> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(line.trim().trim_matches(['"', '\'']).to_owned())
}
