//! What a pretended guest does on its serial port.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::Console;

/// The wire between the guest's serial port and who has the console open.
#[derive(Debug, Default)]
pub(super) struct Wire {
    state: Mutex<WireState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct WireState {
    /// Output that nobody has read yet; only kept while a console is open.
    output: VecDeque<u8>,
    /// All input so far.
    input: Vec<u8>,
    /// Number of the console that has the wire; 0 means nobody.
    holder: u64,
    opened: u64,
    powered_off: bool,
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, WireState> {
        self.state.lock().expect("no holder of this lock panics")
    }

    pub(super) fn print(&self, text: &[u8]) {
        let mut state = self.lock();
        if state.holder != 0 {
            state.output.extend(text);
        }
        self.changed.notify_all();
    }

    pub(super) fn power_off(&self) {
        self.lock().powered_off = true;
        self.changed.notify_all();
    }

    pub(super) fn input(&self) -> Vec<u8> {
        self.lock().input.clone()
    }

    pub(super) fn open(self: &Arc<Self>) -> FakeConsole {
        let mut state = self.lock();
        state.opened += 1;
        state.holder = state.opened;
        state.output.clear();
        self.changed.notify_all();
        FakeConsole {
            number: state.opened,
            wire: Arc::clone(self),
        }
    }
}

/// Console of a pretended guest; what is written is echoed, as a shell would.
pub(super) struct FakeConsole {
    number: u64,
    wire: Arc<Wire>,
}

impl Console for FakeConsole {
    fn read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut state = self.wire.lock();
        loop {
            if state.holder != self.number {
                return Ok(0);
            }
            let count = state.output.len().min(buffer.len());
            if count > 0 {
                for (slot, byte) in buffer.iter_mut().zip(state.output.drain(..count)) {
                    *slot = byte;
                }
                return Ok(count);
            }
            if state.powered_off {
                return Ok(0);
            }
            state = self
                .wire
                .changed
                .wait(state)
                .expect("no holder of this lock panics");
        }
    }

    fn write(&self, data: &[u8]) -> std::io::Result<()> {
        let mut state = self.wire.lock();
        if state.holder != self.number || state.powered_off {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        state.input.extend_from_slice(data);
        state.output.extend(data);
        self.wire.changed.notify_all();
        Ok(())
    }

    fn close(&self) {
        let mut state = self.wire.lock();
        if state.holder == self.number {
            state.holder = 0;
        }
        self.wire.changed.notify_all();
    }
}

impl Drop for FakeConsole {
    fn drop(&mut self) {
        self.close();
    }
}
