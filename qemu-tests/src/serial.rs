//! A machine's serial port: what it printed, waiting for more, typing.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use regex::{Captures, Regex};

/// Rows of the terminal the tests are.
const ROWS: u16 = 24;
/// Columns of the terminal the tests are.
const COLUMNS: u16 = 80;
/// A machine that says this has died, whatever else is awaited.
const DEATH: &str = "Kernel panic - not syncing";

/// Escape sequences that programs on a terminal send.
static ESCAPES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("\x1b\\[[0-9;?]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b\\][^\x07\x1b]*(\x07|\x1b\\\\)|\x1b[=>78cM]|\r")
        .expect("the pattern is valid")
});

/// Everything a port said, shared with the thread that reads it.
#[derive(Debug, Clone, Default)]
pub struct SerialLog(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    grew: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    closed: bool,
}

impl SerialLog {
    /// The text so far without escape sequences.
    pub fn text(&self) -> String {
        plain(
            &self
                .0
                .state
                .lock()
                .expect("the reader does not panic")
                .bytes,
        )
    }

    /// The last lines that hold anything.
    pub fn tail(&self, lines: usize) -> String {
        let text = self.text();
        let rows: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        rows[rows.len().saturating_sub(lines)..].join("\n")
    }

    fn follow(&self, mut port: UnixStream, mut copy: File) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = port.read(&mut buffer) {
            let _ = copy.write_all(&buffer[..count]);
            let mut state = self.0.state.lock().expect("waiters do not panic");
            state.bytes.extend_from_slice(&buffer[..count]);
            drop(state);
            self.0.grew.notify_all();
        }
        self.0.state.lock().expect("waiters do not panic").closed = true;
        self.0.grew.notify_all();
    }
}

/// A serial port. Each `expect` goes on after what the one before has found.
#[derive(Debug)]
pub struct Serial {
    log: SerialLog,
    port: UnixStream,
    position: usize,
}

impl Serial {
    /// Connects to QEMU's socket and copies all that is said to the file `log`.
    pub fn connect(socket: &Path, log: &Path) -> Result<Self> {
        let port = UnixStream::connect(socket)
            .with_context(|| format!("connecting to the serial port {}", socket.display()))?;
        let copy = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let reader = port.try_clone().context("sharing the serial port")?;
        let shared = SerialLog::default();
        let follower = shared.clone();
        thread::spawn(move || follower.follow(reader, copy));
        Ok(Self {
            log: shared,
            port,
            position: 0,
        })
    }

    /// What was said so far.
    pub fn log(&self) -> &SerialLog {
        &self.log
    }

    /// Waits until `pattern` was printed after what was found last, and
    /// returns its groups. Fails early when the kernel dies or QEMU ends.
    pub fn expect(&mut self, pattern: &str, within: Duration) -> Result<Vec<String>> {
        self.await_match(pattern, within, pattern.contains("panic"))
    }

    /// The same on a machine whose kernel may die as often as it likes.
    pub fn expect_through_deaths(
        &mut self,
        pattern: &str,
        within: Duration,
    ) -> Result<Vec<String>> {
        self.await_match(pattern, within, true)
    }

    fn await_match(
        &mut self,
        pattern: &str,
        within: Duration,
        may_die: bool,
    ) -> Result<Vec<String>> {
        let regex = Regex::new(pattern).with_context(|| format!("the pattern `{pattern}`"))?;
        let deadline = Instant::now() + within;
        let mut state = self.log.0.state.lock().expect("the reader does not panic");
        loop {
            let fresh = plain(&state.bytes[self.position..]);
            if let Some(found) = regex.captures(&fresh) {
                self.position = after(&state.bytes, self.position, &fresh, &found);
                return Ok(found
                    .iter()
                    .map(|group| group.map_or_else(String::new, |text| text.as_str().to_owned()))
                    .collect());
            }
            if !may_die && fresh.contains(DEATH) {
                bail!("the kernel died while `{pattern}` was awaited");
            }
            if state.closed {
                bail!("the machine ended while `{pattern}` was awaited");
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("`{pattern}` did not appear on the serial port within {within:?}");
            }
            state = self
                .log
                .0
                .grew
                .wait_timeout(state, left)
                .expect("the reader does not panic")
                .0;
        }
    }

    /// Lets the next search start at what is printed from now on.
    pub fn forget(&mut self) {
        self.position = self
            .log
            .0
            .state
            .lock()
            .expect("the reader does not panic")
            .bytes
            .len();
    }

    /// Types `keys`; see [`key`] for those that have no character.
    pub fn send(&mut self, keys: &str) -> Result<()> {
        self.port
            .write_all(keys.as_bytes())
            .context("typing on the serial port")
    }

    /// The screen as a terminal would show it.
    pub fn screen(&self) -> String {
        let mut terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
        terminal.process(
            &self
                .log
                .0
                .state
                .lock()
                .expect("the reader does not panic")
                .bytes,
        );
        terminal.screen().contents()
    }

    /// Waits until the screen shows `pattern`, and returns the screen.
    pub fn expect_screen(&mut self, pattern: &str, within: Duration) -> Result<String> {
        let regex = Regex::new(pattern).with_context(|| format!("the pattern `{pattern}`"))?;
        let deadline = Instant::now() + within;
        loop {
            let screen = self.screen();
            if regex.is_match(&screen) {
                return Ok(screen);
            }
            if Instant::now() >= deadline {
                bail!("the screen did not show `{pattern}` within {within:?}; it shows:\n{screen}");
            }
            let state = self.log.0.state.lock().expect("the reader does not panic");
            if state.closed {
                bail!("the machine ended; its screen showed:\n{screen}");
            }
            let _ = self
                .log
                .0
                .grew
                .wait_timeout(state, Duration::from_millis(250));
        }
    }
}

/// Keys without a character, as a terminal sends them.
pub mod key {
    /// Return.
    pub const ENTER: &str = "\r";
    /// Arrow down.
    pub const DOWN: &str = "\x1b[B";
    /// Arrow up.
    pub const UP: &str = "\x1b[A";
    /// Tabulator.
    pub const TAB: &str = "\t";
    /// Escape.
    pub const ESCAPE: &str = "\x1b";
}

fn plain(bytes: &[u8]) -> String {
    ESCAPES
        .replace_all(&String::from_utf8_lossy(bytes), "")
        .into_owned()
}

/// The position in the raw bytes behind a match in their plain text: the
/// shortest prefix whose plain text holds the whole match.
fn after(bytes: &[u8], start: usize, fresh: &str, found: &Captures<'_>) -> usize {
    let wanted = found.get(0).map_or(fresh.len(), |whole| whole.end());
    let (mut low, mut high) = (start, bytes.len());
    while low < high {
        let middle = low.midpoint(high);
        if plain(&bytes[start..middle]).len() < wanted {
            low = middle + 1
        } else {
            high = middle
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_hide_text() {
        let bytes = b"\x1b[2J\x1b[1;1HClaim \x1b[1mcode\x1b[0m: AAAAA-BBBBB\r\n\x1b[?25lnext";
        assert_eq!(plain(bytes), "Claim code: AAAAA-BBBBB\nnext");
    }

    #[test]
    fn the_next_search_starts_behind_the_last_match() {
        let bytes = b"\x1b[1mone\x1b[0m two two";
        let text = plain(bytes);
        let regex = Regex::new("two").expect("valid");
        let found = regex.captures(&text).expect("found");
        let end = after(bytes, 0, &text, &found);
        assert_eq!(plain(&bytes[end..]), " two");
    }
}
