//! The LVM driver on a real volume group, in a sparse file on a loop device.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use megh_host::System;
use megh_host::command::Cmd;
use megh_host::mount::{LoopDevice, LoopSpec};
use megh_model::answers::VolumeGroup;
use megh_storage::{LvmPool, Pool, StorageError, VolumeSource, mount_library};
use tempfile::TempDir;
use uuid::Uuid;

const IMAGE: Uuid = Uuid::from_u128(1);
const VOLUME: Uuid = Uuid::from_u128(2);
const OTHER: Uuid = Uuid::from_u128(3);
const IMAGE_SIZE: u64 = 24 << 20;

struct Fixture {
    group: VolumeGroup,
    pool: LvmPool,
    library: PathBuf,
    _loop_device: LoopDevice<'static>,
    _folder: TempDir,
}

fn run(program: &str, arguments: &[&str]) {
    Cmd::new(program).args(arguments).run().unwrap();
}

/// A volume group as the installer makes it, its library mounted.
fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disk");
    File::create(&file).unwrap().set_len(3 << 30).unwrap();
    let loop_device = LoopDevice::attach(&LoopSpec::whole(&file)).unwrap();
    let device = loop_device.path().to_str().unwrap();
    let group = VolumeGroup::from_random(std::process::id());
    let name = group.as_str();
    run("pvcreate", &["--yes", "-ff", device]);
    run("vgcreate", &[name, device]);
    let thin_pool = ["--yes", "--type", "thin-pool", "--name", "pool"];
    run(
        "lvcreate",
        &[&thin_pool[..], &["--extents", "95%FREE", name]].concat(),
    );
    let library = [
        "--yes",
        "--type",
        "thin",
        "--name",
        "library",
        "--thinpool",
        "pool",
    ];
    run(
        "lvcreate",
        &[&library[..], &["--virtualsize=1g", name]].concat(),
    );
    run("mkfs.xfs", &["-q", "-f", &format!("/dev/{name}/library")]);
    run("vgchange", &["--activate", "n", name]);
    let library = folder.path().join("library");
    mount_library(&System, &group, &library).unwrap();
    let pool = LvmPool::new(group.clone(), &library);
    Fixture {
        group,
        pool,
        library,
        _loop_device: loop_device,
        _folder: folder,
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _gone = Cmd::new("umount").arg(&self.library).output();
        let _gone = Cmd::new("vgchange")
            .args(["--activate", "n", self.group.as_str()])
            .output();
    }
}

impl Fixture {
    /// An upload that begins with `hello`, has data at 16 MiB, and zeros between.
    fn upload(&self) {
        let mut file = File::create(self.pool.upload_path(IMAGE)).unwrap();
        file.set_len(IMAGE_SIZE).unwrap();
        file.write_all(b"hello").unwrap();
        file.seek(SeekFrom::Start(16 << 20)).unwrap();
        file.write_all(&[0xab; 1 << 20]).unwrap();
    }

    fn import(&self) -> Result<f64, StorageError> {
        let mut reached = 0.0;
        let upload = self.pool.upload_path(IMAGE);
        self.pool
            .import(IMAGE, &upload, &mut |fraction| reached = fraction)?;
        Ok(reached)
    }

    fn device(&self, volume: Uuid) -> PathBuf {
        match self.pool.open_volume(volume).unwrap() {
            VolumeSource::Block(path) => path,
            other => panic!("{other:?}"),
        }
    }

    fn used(&self) -> u64 {
        self.pool
            .capacity()
            .map(|now| now.total - now.free)
            .unwrap()
    }
}

fn read(device: &Path, at: u64, count: usize) -> Vec<u8> {
    let mut file = File::open(device).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    let mut bytes = vec![0; count];
    file.read_exact(&mut bytes).unwrap();
    bytes
}

fn write(device: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(device).unwrap();
    file.write_all(bytes).unwrap();
    file.sync_all().unwrap();
}

fn size(device: &Path) -> u64 {
    File::open(device).unwrap().seek(SeekFrom::End(0)).unwrap()
}

#[test]
#[ignore = "needs device-mapper with thin pools: run as root where `modprobe dm_thin_pool` works"]
fn the_driver_on_a_real_volume_group() {
    let fixture = fixture();
    fixture.upload();
    let empty = fixture.used();
    half_an_import_is_made_again(&fixture);
    volumes_are_copies(&fixture);
    volumes_outlive_image_and_restart(&fixture);
    removing_gives_the_room_back(&fixture, empty);
}

/// A crash in the middle of an import: the volume is there, the tag is not.
fn half_an_import_is_made_again(fixture: &Fixture) {
    let (pool, group) = (&fixture.pool, fixture.group.as_str());
    let name = format!("img-{IMAGE}");
    let device = PathBuf::from(format!("/dev/{group}/{name}"));
    let half = [
        "--yes",
        "--type",
        "thin",
        "--name",
        &name,
        "--thinpool",
        "pool",
    ];
    run(
        "lvcreate",
        &[&half[..], &["--virtualsize=4m", group]].concat(),
    );
    write(&device, &[0xff; 1 << 20]);
    assert_eq!(pool.images().unwrap(), [IMAGE]);
    let refused = pool.create_volume(VOLUME, IMAGE, IMAGE_SIZE);
    assert_eq!(refused, Err(StorageError::NotFound(IMAGE)));
    let before = fixture.used();
    assert_eq!(fixture.import(), Ok(1.0));
    assert_eq!(fixture.import(), Ok(0.0), "it is there already");
    assert!(!device.exists(), "an image is not active");
    let grown = fixture.used().saturating_sub(before);
    assert!(grown < 8 << 20, "zeros take no room: {grown}");
}

/// As large as asked, rounded up; writable; apart from each other.
fn volumes_are_copies(fixture: &Fixture) {
    let pool = &fixture.pool;
    pool.create_volume(VOLUME, IMAGE, IMAGE_SIZE).unwrap();
    for _ in 0..2 {
        pool.create_volume(OTHER, IMAGE, (64 << 20) + 512).unwrap();
    }
    let (first, second) = (fixture.device(VOLUME), fixture.device(OTHER));
    assert_eq!((size(&first), size(&second)), (IMAGE_SIZE, 68 << 20));
    assert_eq!(read(&second, 60 << 20, 512), [0; 512]);
    write(&first, b"HELLO");
    assert_eq!(read(&second, 0, 6), b"hello\0");
    assert_eq!(read(&second, 16 << 20, 4), [0xab; 4]);
}

fn volumes_outlive_image_and_restart(fixture: &Fixture) {
    let pool = &fixture.pool;
    for _ in 0..2 {
        pool.delete_image(IMAGE).unwrap();
    }
    let uploads = fixture.library.join("uploads");
    assert_eq!(fs::read_dir(uploads).unwrap().count(), 0);
    let device = fixture.device(VOLUME);
    assert_eq!(read(&device, 0, 5), b"HELLO");
    assert_eq!(read(&device, 16 << 20, 4), [0xab; 4]);

    run("umount", &[fixture.library.to_str().unwrap()]);
    run("vgchange", &["--activate", "n", fixture.group.as_str()]);
    for _ in 0..2 {
        mount_library(&System, &fixture.group, &fixture.library).unwrap();
    }
    assert!(!device.exists(), "nothing is active until it is asked for");
    assert_eq!(read(&fixture.device(VOLUME), 0, 5), b"HELLO");
    let mut volumes = pool.volumes().unwrap();
    volumes.sort();
    assert_eq!(volumes, [VOLUME, OTHER]);
}

fn removing_gives_the_room_back(fixture: &Fixture, empty: u64) {
    let pool = &fixture.pool;
    let open = File::open(fixture.device(OTHER)).unwrap();
    let refused = pool.delete_volume(OTHER);
    assert!(
        matches!(refused, Err(StorageError::Failed { .. })),
        "not torn from who uses it"
    );
    drop(open);
    for volume in [VOLUME, OTHER, OTHER] {
        pool.delete_volume(volume).unwrap();
    }
    assert!(pool.volumes().unwrap().is_empty());
    let left = fixture.used().saturating_sub(empty);
    assert!(left < 8 << 20, "{left} bytes did not come back");
}
