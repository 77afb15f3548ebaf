//! These need root and a kernel that lets this process mount; elsewhere they
//! say so and pass.

use std::fs;

use super::*;

fn mounts(target: &Path) -> usize {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    table
        .lines()
        .filter(|line| line.split(' ').nth(4) == target.to_str())
        .count()
}

/// A scratch directory, or `None` where this process may not mount.
fn scratch(name: &str) -> Option<PathBuf> {
    let dir = std::env::temp_dir().join(format!("megh-mount-{name}-{}", std::process::id()));
    let probe = Mount::new(&MountSpec::virtual_fs("tmpfs", dir.join("probe")));
    match probe {
        Ok(_) => Some(dir),
        Err(error) => {
            eprintln!("skipped: {error}: {}", std::error::Error::source(&error)?);
            None
        }
    }
}

#[test]
fn a_mount_ends_with_its_value() {
    let Some(dir) = scratch("drop") else { return };
    let target = dir.join("t");
    let mount = Mount::new(
        &MountSpec::virtual_fs("tmpfs", &target)
            .option("size=1m")
            .option("nodev"),
    )
    .unwrap();
    fs::write(mount.path().join("file"), "x").unwrap();
    assert_eq!(mounts(&target), 1);
    drop(mount);
    assert_eq!(mounts(&target), 0);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_busy_mount_cannot_be_released_but_is_detached_on_drop() {
    let Some(dir) = scratch("busy") else { return };
    let target = dir.join("t");
    let mount = Mount::new(&MountSpec::virtual_fs("tmpfs", &target)).unwrap();
    let held = fs::File::create(target.join("file")).unwrap();
    assert!(matches!(mount.release(), Err(MountError::Unmount { .. })));
    assert_eq!(mounts(&target), 0);
    drop(held);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_read_only_bind_refuses_writes_and_does_not_unmount_its_source() {
    let Some(dir) = scratch("bind") else { return };
    let source = Mount::new(&MountSpec::virtual_fs("tmpfs", dir.join("source"))).unwrap();
    let below = Mount::new(&MountSpec::virtual_fs("tmpfs", dir.join("source/below"))).unwrap();
    let bind = Mount::new(&MountSpec::bind_recursive(source.path(), dir.join("bind")).read_only())
        .unwrap();
    assert!(fs::write(bind.path().join("file"), "x").is_err());
    assert_eq!(mounts(&dir.join("bind/below")), 1);
    drop(bind);
    assert_eq!(mounts(&dir.join("bind")), 0);
    assert_eq!(mounts(below.path()), 1);
    drop((below, source));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_file_can_be_bound_over_an_absent_file() {
    let Some(dir) = scratch("file") else { return };
    fs::write(dir.join("a"), "content").unwrap();
    let bind = Mount::new(&MountSpec::bind(dir.join("a"), dir.join("sub/b"))).unwrap();
    assert_eq!(fs::read_to_string(bind.path()).unwrap(), "content");
    drop(bind);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_part_of_a_file_becomes_a_device_of_that_size() {
    let Some(dir) = scratch("loop") else { return };
    let file = dir.join("disk");
    let mut content = vec![0; 1 << 20];
    content[65536] = b'!';
    fs::write(&file, content).unwrap();
    let device = match LoopDevice::attach(&LoopSpec::part(&file, 65536, 4096).read_only()) {
        Ok(device) => device,
        Err(error) => {
            eprintln!("skipped: {error}");
            return;
        }
    };
    let seen = fs::read(device.path()).unwrap();
    assert_eq!((seen.len(), seen[0]), (4096, b'!'));
    device.release().unwrap();
    fs::remove_dir_all(dir).unwrap();
}
