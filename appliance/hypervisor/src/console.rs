//! The serial console of a running guest.

use std::io;

/// An open serial console. Dropping it closes it. `read` and `write` may be
/// called from different threads at once.
///
/// A guest has one console: opening it again ends the earlier one, whose
/// `read` then answers 0. Output from before the opening is in the guest's
/// serial log, not here.
pub trait Console: Send + Sync {
    /// Waits for output; 0 bytes means that the guest is gone or the console closed.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Sends input; all of it is taken.
    fn write(&self, data: &[u8]) -> io::Result<()>;
    /// Ends a blocked `read` from another thread.
    fn close(&self);
}
