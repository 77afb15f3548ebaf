//! How far a download has come, on standard error.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use megh_model::units::Bytes;

use crate::stage::seconds;

/// Between two lines when nobody watches live.
const QUIET_INTERVAL: Duration = Duration::from_secs(10);
/// Between two refreshes of a terminal's line.
const LIVE_INTERVAL: Duration = Duration::from_millis(200);

/// A running count of bytes.
pub struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    started: Instant,
    shown: Instant,
    live: bool,
}

impl Progress {
    /// Starts to count towards `total` bytes.
    pub fn new(what: &'static str, total: u64) -> Self {
        let now = Instant::now();
        Self {
            what,
            total,
            done: 0,
            started: now,
            shown: now,
            live: stderr().is_terminal(),
        }
    }

    /// Counts bytes, and shows the state when it is time to.
    pub fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let interval = match self.live {
            true => LIVE_INTERVAL,
            false => QUIET_INTERVAL,
        };
        if self.shown.elapsed() >= interval {
            self.shown = Instant::now();
            self.show(match self.live {
                true => "\r\x1b[K",
                false => "",
            });
        }
    }

    /// Takes back bytes that turned out to be useless.
    pub fn take_back(&mut self, bytes: u64) {
        self.done = self.done.saturating_sub(bytes);
    }

    /// Ends the line of a terminal.
    pub fn finish(self) {
        if self.live {
            eprint!("\r\x1b[K");
        }
    }

    fn show(&self, before: &str) {
        let text = line(self.what, self.done, self.total, self.started.elapsed());
        let end = if self.live { "" } else { "\n" };
        eprint!("{before}{text}{end}");
        // A terminal that is gone is no reason to stop.
        let _ = stderr().flush();
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
        "    {what}: {percent} %, {} of {}, {}/s, time left {left}",
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
            "    packages: 25 %, 25 MiB of 100 MiB, 5 MiB/s, time left 15.0 s"
        );
    }

    #[test]
    fn a_download_that_has_not_begun_has_no_time_left() {
        let text = line("packages", 0, 100, Duration::from_secs(5));
        assert!(text.ends_with("time left unknown"), "{text}");
    }
}
