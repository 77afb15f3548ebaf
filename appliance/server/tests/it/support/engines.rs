//! Engines that can be frozen in a call, as if the daemon were killed there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use megh_hypervisor::fake::FakeHypervisor;
use megh_hypervisor::{
    Acceleration, Console, DomainEntry, DomainSpec, DomainState, Hypervisor, HypervisorError,
    StopMode,
};
use megh_storage::fake::FakePool;
use megh_storage::{Capacity, ImageInfo, Pool, StorageError, VolumeSource};
use uuid::Uuid;

/// When in a call it freezes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// Freezes one call for ever.
#[derive(Default)]
pub struct Freezer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    planned: Option<(u32, When)>,
    frozen: Option<String>,
}

impl Freezer {
    /// Freezes the `nth` changing call from now on.
    pub fn plan(&self, nth: u32, when: When) {
        *self.state.lock().expect("a lock") = State {
            planned: Some((nth, when)),
            frozen: None,
        };
    }

    /// Freezes nothing from now on; what is frozen stays so.
    pub fn clear(&self) {
        *self.state.lock().expect("a lock") = State::default();
    }

    /// The call that is frozen, if one is.
    pub fn frozen(&self) -> Option<String> {
        self.state.lock().expect("a lock").frozen.clone()
    }

    fn call<T>(&self, name: &str, body: impl FnOnce() -> T) -> T {
        let mut state = self.state.lock().expect("a lock");
        let due = match &mut state.planned {
            Some((remaining, when)) => {
                *remaining -= 1;
                (*remaining == 0).then_some(*when)
            }
            None => None,
        };
        if due.is_some() {
            state.planned = None;
        }
        drop(state);
        match due {
            None => body(),
            Some(When::Before) => self.freeze(name, When::Before),
            Some(When::After) => {
                body();
                self.freeze(name, When::After)
            }
        }
    }

    fn freeze(&self, name: &str, when: When) -> ! {
        let mut state = self.state.lock().expect("a lock");
        state.frozen = Some(format!("{when:?} {name}"));
        self.changed.notify_all();
        loop {
            state = self.changed.wait(state).expect("a lock");
        }
    }
}

/// A hypervisor whose changing calls can be frozen.
pub struct FreezingHypervisor {
    inner: FakeHypervisor,
    freezer: Arc<Freezer>,
}

impl FreezingHypervisor {
    pub fn new(inner: FakeHypervisor, freezer: &Arc<Freezer>) -> Self {
        Self {
            inner,
            freezer: Arc::clone(freezer),
        }
    }
}

impl Hypervisor for FreezingHypervisor {
    fn acceleration(&self) -> Result<Acceleration, HypervisorError> {
        self.inner.acceleration()
    }

    fn define(&self, spec: &DomainSpec) -> Result<(), HypervisorError> {
        self.freezer.call("define", || self.inner.define(spec))
    }

    fn start(&self, id: Uuid) -> Result<(), HypervisorError> {
        self.freezer.call("start", || self.inner.start(id))
    }

    fn stop(&self, id: Uuid, mode: StopMode) -> Result<(), HypervisorError> {
        self.freezer.call("stop", || self.inner.stop(id, mode))
    }

    fn undefine(&self, id: Uuid) -> Result<(), HypervisorError> {
        self.freezer.call("undefine", || self.inner.undefine(id))
    }

    fn state(&self, id: Uuid) -> Result<Option<DomainState>, HypervisorError> {
        self.inner.state(id)
    }

    fn list(&self) -> Result<Vec<DomainEntry>, HypervisorError> {
        self.inner.list()
    }

    fn open_console(&self, id: Uuid) -> Result<Box<dyn Console>, HypervisorError> {
        self.inner.open_console(id)
    }
}

/// A pool whose changing calls can be frozen.
pub struct FreezingPool {
    inner: FakePool,
    freezer: Arc<Freezer>,
}

impl FreezingPool {
    pub fn new(inner: FakePool, freezer: &Arc<Freezer>) -> Self {
        Self {
            inner,
            freezer: Arc::clone(freezer),
        }
    }
}

impl Pool for FreezingPool {
    fn upload_path(&self, image: Uuid) -> PathBuf {
        self.inner.upload_path(image)
    }

    fn inspect(&self, image: Uuid, upload: &Path) -> Result<ImageInfo, StorageError> {
        self.freezer
            .call("inspect", || self.inner.inspect(image, upload))
    }

    fn import(
        &self,
        image: Uuid,
        upload: &Path,
        progress: &mut dyn FnMut(f64),
    ) -> Result<(), StorageError> {
        self.freezer
            .call("import", || self.inner.import(image, upload, progress))
    }

    fn delete_image(&self, image: Uuid) -> Result<(), StorageError> {
        self.freezer
            .call("delete image", || self.inner.delete_image(image))
    }

    fn create_volume(&self, volume: Uuid, image: Uuid, size: u64) -> Result<(), StorageError> {
        self.freezer.call("create volume", || {
            self.inner.create_volume(volume, image, size)
        })
    }

    fn open_volume(&self, volume: Uuid) -> Result<VolumeSource, StorageError> {
        self.inner.open_volume(volume)
    }

    fn delete_volume(&self, volume: Uuid) -> Result<(), StorageError> {
        self.freezer
            .call("delete volume", || self.inner.delete_volume(volume))
    }

    fn images(&self) -> Result<Vec<Uuid>, StorageError> {
        self.inner.images()
    }

    fn volumes(&self) -> Result<Vec<Uuid>, StorageError> {
        self.inner.volumes()
    }

    fn capacity(&self) -> Result<Capacity, StorageError> {
        self.inner.capacity()
    }
}
