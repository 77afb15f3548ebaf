//! Images and volumes: the trait that the control plane uses, its LVM-thin and
//! directory drivers, and a fake for tests.
//!
//! Every call blocks; callers on an async runtime use a blocking thread.
//! Every changing call is idempotent: doing what is already done succeeds, and
//! what a crash left half done is done again. No format is ever guessed by a
//! tool: uploads are recognised here, and tools are told.

mod directory;
mod error;
mod inspect;
mod lvm;
mod pool;
mod tools;
mod types;
mod uploads;

#[cfg(any(test, feature = "fake"))]
pub mod fake;

pub use directory::DirectoryPool;
pub use error::StorageError;
pub use inspect::inspect_file;
pub use lvm::{LvmPool, mount_library};
pub use pool::Pool;
pub use types::{Capacity, ImageFormat, ImageInfo, VolumeSource};
