//! How far long work has come, on standard error.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use megh_model::units::Bytes;

use crate::stage::seconds;

/// Between two lines when nobody watches live.
const QUIET_INTERVAL: Duration = Duration::from_secs(10);
/// Between two refreshes of a terminal's line.
const LIVE_INTERVAL: Duration = Duration::from_millis(200);

/// Lines about the state of work: on a terminal one that changes, else one
/// now and then.
pub struct Ticker {
    shown: Instant,
    live: bool,
}

impl Ticker {
    /// Begins; nothing is shown yet.
    pub fn begin() -> Self {
        Self {
            shown: Instant::now(),
            live: stderr().is_terminal(),
        }
    }

    /// Shows the state when it is time to.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        let interval = match self.live {
            true => LIVE_INTERVAL,
            false => QUIET_INTERVAL,
        };
        if self.shown.elapsed() < interval {
            return;
        }
        self.shown = Instant::now();
        match self.live {
            true => eprint!("\r\x1b[K    {}", text()),
            false => eprintln!("    {}", text()),
        }
        // A terminal that is gone is no reason to stop.
        let _ = stderr().flush();
    }

    /// Ends the line of a terminal.
    pub fn finish(self) {
        if self.live {
            eprint!("\r\x1b[K");
        }
    }
}

/// A running count of bytes.
pub struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    started: Instant,
    ticker: Ticker,
}

impl Progress {
    /// Starts to count towards `total` bytes.
    pub fn new(what: &'static str, total: u64) -> Self {
        Self {
            what,
            total,
            done: 0,
            started: Instant::now(),
            ticker: Ticker::begin(),
        }
    }

    /// Counts bytes, and shows the state when it is time to.
    pub fn add(&mut self, bytes: u64) {
        self.done += bytes;
        self.ticker
            .show(|| line(self.what, self.done, self.total, self.started.elapsed()));
    }

    /// Takes back bytes that turned out to be useless.
    pub fn take_back(&mut self, bytes: u64) {
        self.done = self.done.saturating_sub(bytes);
    }

    /// Ends the line of a terminal.
    pub fn finish(self) {
        self.ticker.finish();
    }
}

/// The state in words: part, sizes, rate and the time left.
fn line(what: &str, done: u64, total: u64, elapsed: Duration) -> String {
    let percent = (done * 100).checked_div(total).unwrap_or(100);
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let left = match rate > 0.0 {
        true => seconds(Duration::from_secs(
            (total.saturating_sub(done) as f64 / rate).ceil() as u64,
        )),
        false => "unknown".to_owned(),
    };
    format!(
        "{what}: {percent} %, {} of {}, {}/s, time left {left}",
        Bytes(done),
        Bytes(total),
        Bytes(rate as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_rate() {
        let text = line("packages", 25 << 20, 100 << 20, Duration::from_secs(5));
        assert_eq!(
            text,
            "packages: 25 %, 25 MiB of 100 MiB, 5 MiB/s, time left 15.0 s"
        );
    }

    #[test]
    fn a_download_that_has_not_begun_has_no_time_left() {
        let text = line("packages", 0, 100, Duration::from_secs(5));
        assert!(text.ends_with("time left unknown"), "{text}");
    }
}
