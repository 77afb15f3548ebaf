//! The pool: an LVM volume group with a thin pool, and in it the library, a
//! file system for images that are being uploaded.

use std::path::Path;

use megh_host::command::Cmd;
use megh_host::mount::LoopDevice;
use megh_model::answers::VolumeGroup;
use megh_model::layout::PartitionRole;
use megh_model::units::{Bytes, MIB};

use super::{Run, StepError};

/// The root is read-only and nobody listens: no backups of metadata, no monitoring.
const CONFIG: &str = "backup{backup=0 archive=0} activation{monitoring=0}";
/// The rest is left for the pool's metadata to grow.
const POOL_SHARE: &str = "95%FREE";

impl Run<'_> {
    /// Makes volume group, thin pool and library, and lets go of all of them.
    pub(super) fn make_pool(&mut self) -> Result<(), StepError> {
        let partition = *self.task.plan.layout.partition(PartitionRole::Pool);
        let group = self.task.plan.volume_group.clone();
        let device = LoopDevice::attach_on(self.machine, &self.stretch(&partition))?;
        let made = self.make_volumes(device.path(), &group, partition.size);
        // Also after a failure: an active volume would hold the disk.
        let let_go = self.machine.run(&lvm("vgchange", device.path()).args([
            "--activate",
            "n",
            group.as_str(),
        ]));
        made?;
        let_go?;
        device.release()?;
        Ok(())
    }

    fn make_volumes(
        &self,
        device: &Path,
        group: &VolumeGroup,
        size: Bytes,
    ) -> Result<(), StepError> {
        let name = group.as_str();
        let library = Bytes(size.0 / 2);
        let steps = [
            lvm("pvcreate", device).args(["--yes", "-ff"]).arg(device),
            lvm("vgcreate", device).arg(name).arg(device),
            lvm("lvcreate", device)
                .args(["--yes", "--type", "thin-pool", "--name", VolumeGroup::POOL])
                .args(["--extents", POOL_SHARE, name]),
            lvm("lvcreate", device)
                .args(["--yes", "--type", "thin", "--name", VolumeGroup::LIBRARY])
                .args(["--thinpool", VolumeGroup::POOL])
                .arg(format!("--virtualsize={}m", library.0 / MIB))
                .arg(name),
            Cmd::new("mkfs.xfs")
                .args(["-q", "-f"])
                .arg(format!("/dev/{name}/{}", VolumeGroup::LIBRARY)),
        ];
        for step in &steps {
            self.machine.run(step)?;
        }
        Ok(())
    }
}

/// A command of LVM that sees no other device: volume groups of other disks,
/// even of the same name, cannot be meant.
fn lvm(program: &str, device: &Path) -> Cmd {
    Cmd::new(program)
        .arg("--config")
        .arg(CONFIG)
        .arg("--devices")
        .arg(device)
}
