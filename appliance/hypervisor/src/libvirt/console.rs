//! The serial console of a guest, over a libvirt stream.
//!
//! The stream does not block: libvirt's event loop fetches what arrives into a
//! bounded buffer, and readers wait for the buffer. So a reader can always be
//! woken, and a slow one cannot make the daemon grow.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::Error;
use virt::stream::Stream;
use virt::sys as raw;

use super::sys::{self, StreamWatcher};
use crate::Console;

/// Most output that is kept for a reader that does not read. Of more, the
/// oldest is dropped; the guest's serial log has all.
const BUFFER: usize = 256 << 10;
/// How long a guest may refuse input before writing is an error.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
const WRITE_PAUSE: Duration = Duration::from_millis(10);
/// How often a waiting reader looks whether the connection still stands:
/// libvirt tells a stream nothing of the end of its connection.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// What libvirt answers when a call would block.
const WOULD_BLOCK: isize = -2;

pub(super) struct LibvirtConsole {
    connection: Connect,
    stream: Stream,
    output: Arc<Output>,
}

/// What has arrived and was not read yet.
#[derive(Debug, Default)]
struct Output {
    state: Mutex<OutputState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct OutputState {
    bytes: VecDeque<u8>,
    /// Nothing more comes: the guest is gone, another console took over, or
    /// this one was closed.
    ended: bool,
}

impl LibvirtConsole {
    /// Opens the console of a running domain, ending whoever else has it.
    pub(super) fn open(connection: &Connect, domain: &Domain) -> Result<Self, Error> {
        let stream = Stream::new(connection, raw::VIR_STREAM_NONBLOCK)?;
        domain.open_console(None, &stream, raw::VIR_DOMAIN_CONSOLE_FORCE)?;
        let output = Arc::new(Output::default());
        let console = Self {
            connection: connection.clone(),
            stream,
            output: Arc::clone(&output),
        };
        sys::watch(&console.stream, output)?;
        Ok(console)
    }
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, OutputState> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn append(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        let excess = (state.bytes.len() + bytes.len()).saturating_sub(BUFFER);
        state.bytes.drain(..excess);
        state.bytes.extend(bytes);
        self.changed.notify_all();
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

impl StreamWatcher for Output {
    fn ready(&self, stream: &Stream) {
        let mut buffer = [0; 16 << 10];
        loop {
            match stream.recv(&mut buffer) {
                Ok(WOULD_BLOCK) => return,
                Ok(count) if count > 0 => self.append(&buffer[..count as usize]),
                Ok(_) => break,
                Err(error) => {
                    tracing::debug!(%error, "a console ended");
                    break;
                }
            }
        }
        self.end();
        // Or the loop would report the end again and again.
        let _removed = stream.event_remove_callback();
    }
}

impl Console for LibvirtConsole {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.output.lock();
        while state.bytes.is_empty() && !state.ended {
            let (woken, wait) = self
                .output
                .changed
                .wait_timeout(state, LOOK_AROUND)
                .expect("no holder of this lock panics");
            state = woken;
            if wait.timed_out() && !self.connection.is_alive().unwrap_or(false) {
                state.ended = true;
            }
        }
        let count = state.bytes.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(state.bytes.drain(..count)) {
            *slot = byte;
        }
        Ok(count)
    }

    fn write(&self, mut data: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + WRITE_PATIENCE;
        while !data.is_empty() {
            if self.output.lock().ended {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            match self.stream.send(data).map_err(io::Error::other)? {
                WOULD_BLOCK if Instant::now() > deadline => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                WOULD_BLOCK => thread::sleep(WRITE_PAUSE),
                sent => data = &data[(sent.max(0) as usize).min(data.len())..],
            }
        }
        Ok(())
    }

    fn close(&self) {
        let mut state = self.output.lock();
        state.bytes.clear();
        state.ended = true;
        self.output.changed.notify_all();
    }
}

impl Drop for LibvirtConsole {
    fn drop(&mut self) {
        // Both fail when the stream has ended by itself.
        let _removed = self.stream.event_remove_callback();
        let _aborted = self.stream.clone().abort();
    }
}
