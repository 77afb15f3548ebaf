//! What `lsblk` reports.

use std::path::PathBuf;

use serde::Deserialize;

use crate::command::Cmd;

const COLUMNS: &str = "NAME,PATH,TYPE,SIZE,MODEL,SERIAL,WWN,TRAN,RO,RM,HOTPLUG,ROTA,LOG-SEC,PHY-SEC,\
    FSTYPE,LABEL,PTTYPE,PARTLABEL,PARTTYPE,PARTUUID,MOUNTPOINTS";

pub(super) fn command() -> Cmd {
    Cmd::new("lsblk").args(["--json", "--bytes", "--output", COLUMNS])
}

#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    blockdevices: Vec<Node>,
}

/// A disk, a partition or something built on them.
#[derive(Debug, Deserialize)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) path: PathBuf,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) size: Option<u64>,
    pub(super) model: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) wwn: Option<String>,
    tran: Option<String>,
    #[serde(default)]
    pub(super) ro: bool,
    #[serde(default)]
    pub(super) rm: bool,
    #[serde(default)]
    pub(super) hotplug: bool,
    #[serde(default)]
    pub(super) rota: bool,
    #[serde(rename = "log-sec")]
    pub(super) log_sec: Option<u32>,
    #[serde(rename = "phy-sec")]
    pub(super) phy_sec: Option<u32>,
    pub(super) fstype: Option<String>,
    pub(super) label: Option<String>,
    pub(super) pttype: Option<String>,
    pub(super) partlabel: Option<String>,
    pub(super) parttype: Option<String>,
    pub(super) partuuid: Option<String>,
    #[serde(default)]
    mountpoints: Vec<Option<String>>,
    #[serde(default)]
    pub(super) children: Vec<Node>,
}

impl Listing {
    /// What a person would call a disk: no partitions, optical drives, RAM
    /// disks, loop devices or floppies, and nothing without a medium.
    pub(super) fn disks(&self) -> impl Iterator<Item = &Node> {
        self.blockdevices.iter().filter(|node| {
            let pseudo = ["ram", "zram", "fd", "nbd", "loop"]
                .iter()
                .any(|p| is_numbered(&node.name, p));
            node.kind == "disk" && !pseudo && node.size.is_some_and(|size| size > 0)
        })
    }

    pub(super) fn has_lvm(&self) -> bool {
        let is_lvm =
            |node: &Node| node.fstype.as_deref() == Some("LVM2_member") || node.kind == "lvm";
        self.blockdevices.iter().flat_map(Node::tree).any(is_lvm)
    }
}

impl Node {
    /// It and everything built on it.
    pub(super) fn tree(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        Box::new(std::iter::once(self).chain(self.children.iter().flat_map(Self::tree)))
    }

    /// A text without the padding that firmware puts around it.
    pub(super) fn text(&self, text: &Option<String>) -> Option<String> {
        let text = text.as_deref()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// How it is attached, also where `lsblk` does not know.
    pub(super) fn bus(&self) -> Option<String> {
        let by_name = [
            ("vd", "virtio"),
            ("nvme", "nvme"),
            ("mmcblk", "mmc"),
            ("xvd", "xen"),
        ];
        let guess = || {
            by_name
                .iter()
                .find(|(prefix, _)| self.name.starts_with(prefix))
        };
        self.text(&self.tran)
            .or_else(|| guess().map(|(_, bus)| (*bus).to_owned()))
    }

    /// Where it is mounted.
    pub(super) fn mounts(&self) -> impl Iterator<Item = &str> {
        self.mountpoints.iter().flatten().map(String::as_str)
    }
}

/// `prefix` followed by nothing but digits.
fn is_numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit()))
}
