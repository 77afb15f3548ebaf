//! Against the real `qemu-img`.

use std::fs;
use std::path::Path;

use megh_host::command::Cmd;
use uuid::Uuid;

use super::DirectoryPool;
use crate::{Pool, StorageError, VolumeSource};

const IMAGE: Uuid = Uuid::from_u128(1);
const VOLUME: Uuid = Uuid::from_u128(2);

struct Fixture {
    pool: DirectoryPool,
    folder: tempfile::TempDir,
}

/// A pool with an upload of 2 MiB that begins with `hello`.
fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let pool = DirectoryPool::open(folder.path()).unwrap();
    let mut content = vec![0; 2 << 20];
    content[..5].copy_from_slice(b"hello");
    fs::write(pool.upload_path(IMAGE), content).unwrap();
    Fixture { pool, folder }
}

impl Fixture {
    fn import(&self) -> Result<f64, StorageError> {
        let mut reached = 0.0;
        let upload = self.pool.upload_path(IMAGE);
        self.pool
            .import(IMAGE, &upload, &mut |fraction| reached = fraction)?;
        Ok(reached)
    }

    fn disk(&self) -> std::path::PathBuf {
        match self.pool.open_volume(VOLUME) {
            Ok(VolumeSource::Qcow2(path)) => path,
            other => panic!("{other:?}"),
        }
    }
}

fn qemu_io(disk: &Path, command: &str) {
    Cmd::new("qemu-io")
        .args(["-f", "qcow2", "-c", command])
        .arg(disk)
        .run()
        .unwrap();
}

fn virtual_size(disk: &Path) -> u64 {
    let info: serde_json::Value = Cmd::new("qemu-img")
        .args(["info", "--output", "json"])
        .arg(disk)
        .json()
        .unwrap();
    info["virtual-size"].as_u64().unwrap()
}

#[test]
fn a_volume_is_a_writable_copy_that_outlives_its_image() {
    let fixture = fixture();
    let pool = &fixture.pool;
    assert_eq!(fixture.import(), Ok(1.0));
    assert_eq!(fixture.import(), Ok(0.0), "already there");
    pool.create_volume(VOLUME, IMAGE, (3 << 20) + 512).unwrap();
    pool.create_volume(VOLUME, IMAGE, 3 << 20).unwrap();
    pool.delete_image(IMAGE).unwrap();
    assert!(!pool.upload_path(IMAGE).exists());
    assert_eq!(virtual_size(&fixture.disk()), 4 << 20);
    qemu_io(&fixture.disk(), "read -P 0x68 0 1");
    qemu_io(&fixture.disk(), "write -P 0x41 0 512");
    qemu_io(&fixture.disk(), "read -P 0x41 0 512");
    pool.delete_volume(VOLUME).unwrap();
    pool.delete_volume(VOLUME).unwrap();
    assert!(pool.volumes().unwrap().is_empty() && pool.images().unwrap().is_empty());
}

#[test]
fn two_volumes_of_an_image_do_not_see_each_other() {
    let fixture = fixture();
    fixture.import().unwrap();
    let other = Uuid::from_u128(3);
    for volume in [VOLUME, other] {
        fixture.pool.create_volume(volume, IMAGE, 2 << 20).unwrap();
    }
    qemu_io(&fixture.disk(), "write -P 0x41 0 512");
    let Ok(VolumeSource::Qcow2(second)) = fixture.pool.open_volume(other) else {
        panic!()
    };
    qemu_io(&second, "read -P 0x68 0 1");
    let image = fixture.folder.path().join(format!("images/{IMAGE}.qcow2"));
    qemu_io(&image, "read -P 0x68 0 1");
}

#[test]
fn what_a_crash_left_is_listed_and_done_again() {
    let fixture = fixture();
    let pool = &fixture.pool;
    let root = fixture.folder.path();
    fs::write(root.join(format!("images/{IMAGE}.part")), "half").unwrap();
    fs::create_dir(root.join(format!("volumes/{VOLUME}.part"))).unwrap();
    fs::write(
        root.join(format!("volumes/{VOLUME}.part/base.qcow2")),
        "half",
    )
    .unwrap();
    assert_eq!(pool.images().unwrap(), [IMAGE]);
    assert_eq!(pool.volumes().unwrap(), [VOLUME]);
    assert_eq!(
        pool.open_volume(VOLUME),
        Err(StorageError::NotFound(VOLUME))
    );
    assert_eq!(
        pool.create_volume(VOLUME, IMAGE, 2 << 20),
        Err(StorageError::NotFound(IMAGE))
    );
    fixture.import().unwrap();
    pool.create_volume(VOLUME, IMAGE, 2 << 20).unwrap();
    qemu_io(&fixture.disk(), "read -P 0x68 0 1");
    assert_eq!(
        (pool.images().unwrap(), pool.volumes().unwrap()),
        (vec![IMAGE], vec![VOLUME])
    );
}

#[test]
fn qcow2_uploads_are_converted_and_bad_ones_refused() {
    let fixture = fixture();
    let pool = &fixture.pool;
    let upload = pool.upload_path(IMAGE);
    let raw = fixture.folder.path().join("raw");
    fs::rename(&upload, &raw).unwrap();
    let convert = Cmd::new("qemu-img").args(["convert", "-c", "-f", "raw", "-O", "qcow2"]);
    convert.arg(&raw).arg(&upload).run().unwrap();
    assert_eq!(pool.inspect(IMAGE, &upload).unwrap().virtual_size, 2 << 20);
    fixture.import().unwrap();

    let second = Uuid::from_u128(9);
    let overlay = pool.upload_path(second);
    let create = Cmd::new("qemu-img").args(["create", "-f", "qcow2", "-F", "raw", "-b"]);
    create.arg(&raw).arg(&overlay).run().unwrap();
    let refused = pool.import(second, &overlay, &mut |_| {});
    assert!(
        matches!(&refused, Err(StorageError::Refused { reason, .. }) if reason.contains("backing file"))
    );
    assert_eq!(pool.images().unwrap(), [IMAGE]);
}

#[test]
fn a_data_file_is_refused_as_qemu_writes_it() {
    let fixture = fixture();
    let data = fixture.folder.path().join("data");
    let upload = fixture.pool.upload_path(IMAGE);
    fs::remove_file(&upload).unwrap();
    let options = format!("data_file={}", data.display());
    let create = Cmd::new("qemu-img").args(["create", "-f", "qcow2", "-o", &options]);
    create.arg(&upload).arg("1M").run().unwrap();
    let refused = fixture.pool.inspect(IMAGE, &upload);
    assert!(
        matches!(refused, Err(StorageError::Refused { reason, .. }) if reason.contains("another file"))
    );
}

#[test]
fn capacity_is_the_file_system_s() {
    let fixture = fixture();
    let capacity = fixture.pool.capacity().unwrap();
    assert!(capacity.total >= capacity.free && capacity.free > 0);
}
