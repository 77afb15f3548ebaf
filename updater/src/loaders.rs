//! The loaders on the EFI system partitions.
//!
//! They are changed after a new version has proved itself, and only to newer
//! ones. The spare partition comes first and is whole again before the main one
//! is touched, and on each a file is written under another name, read back, and
//! then exchanged: at every moment firmware finds one partition that is whole.

use std::fs;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_model::layout::PartitionRole;
use megh_model::update::{ESP_FILES, LOADER_DIR};

use crate::volumes::Volumes;
use crate::{BootDisk, UpdateError};

/// Makes the loaders those that the running slot brought along; tells what was
/// changed, a sentence each.
pub(crate) fn bring_up_to_date(
    machine: &dyn Machine,
    disk: &BootDisk,
    volumes: &Volumes<'_>,
) -> Result<Vec<String>, UpdateError> {
    let mut changed = Vec::new();
    let Some(boot) = volumes.boot(disk.slot) else {
        return Ok(changed);
    };
    for role in [PartitionRole::EspSpare, PartitionRole::Esp] {
        let Some(esp) = volumes.path(role) else {
            continue;
        };
        for (kind, name) in ESP_FILES {
            let kept = boot.join(LOADER_DIR).join(kind.file());
            // A slot of an older release has none to give.
            let Ok(wanted) = fs::read(&kept) else {
                continue;
            };
            if replace(machine, role, esp, name, &wanted)? {
                changed.push(format!("{name} on partition {role} was replaced"));
            }
        }
    }
    Ok(changed)
}

/// Whether the loaders are those of the running slot.
pub(crate) fn differ(disk: &BootDisk, volumes: &Volumes<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(boot) = volumes.boot(disk.slot) else {
        return wrong;
    };
    for role in [PartitionRole::EspSpare, PartitionRole::Esp] {
        for (kind, name) in ESP_FILES {
            let wanted = fs::read(boot.join(LOADER_DIR).join(kind.file())).ok();
            let found = volumes.path(role).map(|esp| fs::read(esp.join(name)).ok());
            if let (Some(wanted), Some(found)) = (wanted, found)
                && found.as_ref() != Some(&wanted)
            {
                wrong.push(format!(
                    "{name} on partition {role} is not the loader of this version"
                ));
            }
        }
    }
    wrong
}

fn replace(
    machine: &dyn Machine,
    role: PartitionRole,
    esp: &Path,
    name: &str,
    wanted: &[u8],
) -> Result<bool, UpdateError> {
    let live = esp.join(name);
    if fs::read(&live).is_ok_and(|found| found == wanted) {
        return Ok(false);
    }
    let draft = free_name(&live).ok_or_else(|| UpdateError::Damaged {
        path: esp.to_owned(),
        why: "power cuts have left too many drafts of loaders there".to_owned(),
    })?;
    machine
        .write_file(&draft, &mut &*wanted)
        .map_err(UpdateError::file("write", &draft))?;
    let back = fs::read(&draft).map_err(UpdateError::file("read back", &draft))?;
    if back != wanted {
        return Err(UpdateError::Differs {
            file: name.to_owned(),
            partition: role,
        });
    }
    machine
        .put_in_place(&draft, &live)
        .map_err(UpdateError::file("name", &live))?;
    Ok(true)
}

/// A name beside the live one that is not taken. What a power cut has left
/// under such a name may share its clusters with something else, so it is
/// neither written over nor removed. Short names, so that their entries lie in
/// the same sector as the live one's.
fn free_name(live: &Path) -> Option<PathBuf> {
    let names = ('0'..='9').chain('A'..='Z');
    let mut names = names.map(|end| live.with_extension(format!("NE{end}")));
    names.find(|name| !name.exists())
}

#[cfg(test)]
mod tests {
    use megh_host::fake::FakeMachine;

    use super::*;

    const NAME: &str = "EFI/BOOT/grubx64.efi";

    #[test]
    fn a_loader_is_replaced_whole_and_leftovers_are_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let esp = dir.path();
        fs::create_dir_all(esp.join("EFI/BOOT")).unwrap();
        fs::write(esp.join(NAME), "old").unwrap();
        fs::write(esp.join("EFI/BOOT/grubx64.NE0"), "left by a power cut").unwrap();
        let role = PartitionRole::Esp;
        let fake = FakeMachine::new();
        assert!(replace(&fake, role, esp, NAME, b"new").unwrap());
        assert!(!replace(&fake, role, esp, NAME, b"new").unwrap());
        assert_eq!(fs::read(esp.join(NAME)).unwrap(), b"new");
        let mut names: Vec<_> = fs::read_dir(esp.join("EFI/BOOT"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["grubx64.NE0", "grubx64.efi"]);
    }

    #[test]
    fn many_power_cuts_do_not_use_up_the_names() {
        let dir = tempfile::tempdir().unwrap();
        let esp = dir.path();
        fs::create_dir_all(esp.join("EFI/BOOT")).unwrap();
        fs::write(esp.join(NAME), "old").unwrap();
        for left in 0..30 {
            let draft = free_name(&esp.join(NAME)).unwrap();
            let name = draft.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.len() <= 12 && name.starts_with("grubx64.NE"), "{name}");
            fs::write(draft, left.to_string()).unwrap();
        }
        let fake = FakeMachine::new();
        assert!(replace(&fake, PartitionRole::Esp, esp, NAME, b"new").unwrap());
        assert_eq!(fs::read(esp.join(NAME)).unwrap(), b"new");
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_loader() {
        for step in 0..2 {
            let dir = tempfile::tempdir().unwrap();
            let esp = dir.path();
            fs::create_dir_all(esp.join("EFI/BOOT")).unwrap();
            fs::write(esp.join(NAME), "old").unwrap();
            let fake = FakeMachine::failing_at(step);
            assert!(replace(&fake, PartitionRole::Esp, esp, NAME, b"new").is_err());
            assert_eq!(fs::read(esp.join(NAME)).unwrap(), b"old", "step {step}");
        }
    }
}
