use uuid::Uuid;

use super::{Call, FakePool, Moment};
use crate::{Pool, StorageError, VolumeSource};

const IMAGE: Uuid = Uuid::from_u128(1);
const VOLUME: Uuid = Uuid::from_u128(2);

/// A pool of 1 MiB with an upload of 512 bytes waiting.
fn pool() -> (tempfile::TempDir, FakePool) {
    let folder = tempfile::tempdir().unwrap();
    let pool = FakePool::new(folder.path().to_owned(), 1 << 20);
    std::fs::write(pool.upload_path(IMAGE), [7; 512]).unwrap();
    (folder, pool)
}

fn import(pool: &FakePool) -> Result<(), StorageError> {
    pool.import(IMAGE, &pool.upload_path(IMAGE), &mut |_| {})
}

#[test]
fn a_half_import_is_listed_is_no_source_and_is_redone() {
    let (_folder, pool) = pool();
    pool.fail(Call::Import, 1, Moment::Halfway);
    assert!(import(&pool).is_err());
    let second_run = pool.clone();
    assert_eq!(second_run.images().unwrap(), [IMAGE]);
    assert_eq!(
        second_run.create_volume(VOLUME, IMAGE, 512),
        Err(StorageError::NotFound(IMAGE))
    );
    import(&second_run).unwrap();
    second_run.create_volume(VOLUME, IMAGE, 512).unwrap();
    assert_eq!(pool.volume_size(VOLUME), Some(512));
}

#[test]
fn volumes_outlive_their_image() {
    let (_folder, pool) = pool();
    import(&pool).unwrap();
    pool.create_volume(VOLUME, IMAGE, 1024).unwrap();
    pool.delete_image(IMAGE).unwrap();
    assert!(!pool.upload_path(IMAGE).exists());
    assert!(matches!(
        pool.open_volume(VOLUME),
        Ok(VolumeSource::Block(_))
    ));
    pool.delete_volume(VOLUME).unwrap();
    pool.delete_volume(VOLUME).unwrap();
    assert_eq!(pool.capacity().unwrap().free, 1 << 20);
}

#[test]
fn a_full_pool_says_so() {
    let (_folder, pool) = pool();
    import(&pool).unwrap();
    let refused = pool.create_volume(VOLUME, IMAGE, 1 << 20);
    assert_eq!(
        refused,
        Err(StorageError::NoSpace {
            needed: 1 << 20,
            free: (1 << 20) - 512
        })
    );
    assert!(pool.volumes().unwrap().is_empty());
}
