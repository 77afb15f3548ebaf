//! The only unsafe code of this crate: watching a stream. The `virt` crate's
//! own way hands out a unique reference to a stream that other threads use.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use virt::error::Error;
use virt::stream::Stream;
use virt::sys;

/// Told by libvirt's event loop that something happened on a stream.
pub(super) trait StreamWatcher: Send + Sync + 'static {
    /// The stream can be read, or has ended.
    fn ready(&self, stream: &Stream);
}

/// The allocation behind the opaque pointer that libvirt keeps.
struct Watch {
    watcher: Arc<dyn StreamWatcher>,
}

/// Lets `watcher` know whenever `stream` can be read or has ended, until the
/// callback is removed with [`Stream::event_remove_callback`].
pub(super) fn watch(stream: &Stream, watcher: Arc<dyn StreamWatcher>) -> Result<(), Error> {
    let events =
        sys::VIR_STREAM_EVENT_READABLE | sys::VIR_STREAM_EVENT_HANGUP | sys::VIR_STREAM_EVENT_ERROR;
    let opaque = Box::into_raw(Box::new(Watch { watcher })).cast::<c_void>();
    // SAFETY: the stream is alive for the call. `opaque` is a leaked box of
    // `Watch`; from here on it belongs to libvirt, which gives it to `on_event`
    // only until it has called `free_watch` with it, once.
    let added = unsafe {
        sys::virStreamEventAddCallback(
            stream.as_ptr(),
            events as c_int,
            Some(on_event),
            opaque,
            Some(free_watch),
        )
    };
    if added < 0 {
        let error = Error::last_error();
        // SAFETY: libvirt did not take the callback, so the box is ours again.
        drop(unsafe { Box::from_raw(opaque.cast::<Watch>()) });
        return Err(error);
    }
    Ok(())
}

unsafe extern "C" fn on_event(stream: sys::virStreamPtr, _events: c_int, opaque: *mut c_void) {
    // SAFETY: libvirt calls this with the stream that was watched, which it
    // holds during the call; the extra reference is given back by `Drop`.
    let stream = unsafe {
        sys::virStreamRef(stream);
        Stream::from_ptr(stream)
    };
    // SAFETY: `opaque` is the box made in `watch`, not freed before the
    // callback is removed, and only ever shared.
    let watch = unsafe { &*opaque.cast::<Watch>() };
    // A panic must not cross into C.
    if catch_unwind(AssertUnwindSafe(|| watch.watcher.ready(&stream))).is_err() {
        tracing::error!("watching a console panicked");
    }
}

unsafe extern "C" fn free_watch(opaque: *mut c_void) {
    // SAFETY: `opaque` is the box made in `watch`; libvirt calls this once,
    // when it will not call `on_event` again.
    drop(unsafe { Box::from_raw(opaque.cast::<Watch>()) });
}
