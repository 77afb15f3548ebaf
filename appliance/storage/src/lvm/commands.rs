//! The commands of LVM, as values.

use megh_host::command::Cmd;
use megh_model::answers::VolumeGroup;

/// Tag of what is whole.
pub(super) const READY: &str = "megh-ready";

/// The root is read-only and nobody listens: no backups of metadata, no monitoring.
const CONFIG: &str = "backup{backup=0 archive=0} activation{monitoring=0}";

fn lvm(program: &str) -> Cmd {
    Cmd::new(program).args(["--config", CONFIG])
}

fn full_name(group: &VolumeGroup, name: &str) -> String {
    format!("{group}/{name}")
}

/// Everything in the group that this crate asks for.
pub(super) fn list(group: &VolumeGroup) -> Cmd {
    lvm("lvs")
        .args(["--reportformat", "json", "--units", "b", "--nosuffix"])
        .args([
            "--options",
            "lv_name,lv_size,lv_tags,lv_active,data_percent,metadata_percent",
        ])
        .arg(group.as_str())
}

/// A new thin volume that reads as zeros; its size is rounded up to an extent.
pub(super) fn create_thin(group: &VolumeGroup, name: &str, size: u64) -> Cmd {
    lvm("lvcreate")
        .args(["--yes", "--type", "thin"])
        .args(["--wipesignatures", "n", "--name", name])
        .args(["--thinpool", VolumeGroup::POOL])
        .arg(format!("--virtualsize={size}b"))
        .arg(group.as_str())
}

/// A writable thin snapshot, active. It is whole at once if it need not grow.
pub(super) fn snapshot(group: &VolumeGroup, origin: &str, name: &str, whole: bool) -> Cmd {
    let cmd = lvm("lvcreate")
        .args(["--yes", "--snapshot", "--setactivationskip", "n"])
        .args(["--permission", "rw", "--activate", "y", "--name", name]);
    let cmd = match whole {
        true => cmd.args(["--addtag", READY]),
        false => cmd,
    };
    cmd.arg(full_name(group, origin))
}

pub(super) fn extend(group: &VolumeGroup, name: &str, size: u64) -> Cmd {
    lvm("lvextend")
        .arg(format!("--size={size}b"))
        .arg(full_name(group, name))
}

pub(super) fn activate(group: &VolumeGroup, name: &str) -> Cmd {
    lvm("lvchange")
        .args(["--activate", "y"])
        .arg(full_name(group, name))
}

pub(super) fn deactivate(group: &VolumeGroup, name: &str) -> Cmd {
    lvm("lvchange")
        .args(["--activate", "n"])
        .arg(full_name(group, name))
}

/// Says that an image is whole and forbids writing to it.
pub(super) fn seal_image(group: &VolumeGroup, name: &str) -> Cmd {
    lvm("lvchange")
        .args(["--permission", "r", "--addtag", READY])
        .arg(full_name(group, name))
}

/// Says that a volume is whole.
pub(super) fn seal_volume(group: &VolumeGroup, name: &str) -> Cmd {
    lvm("lvchange")
        .args(["--addtag", READY])
        .arg(full_name(group, name))
}

pub(super) fn remove(group: &VolumeGroup, name: &str) -> Cmd {
    lvm("lvremove")
        .args(["--yes", "--force"])
        .arg(full_name(group, name))
}
