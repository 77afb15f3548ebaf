//! How far something is, on one line of the terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use megh_api_types::{UpdatePhase, UpdateProgress};
use megh_model::units::Bytes;

/// Shows how far a transfer is; nothing when nobody looks.
pub(crate) struct Transfer {
    total: u64,
    done: u64,
    began: Instant,
    shown: Option<Instant>,
    visible: bool,
}

const INTERVAL: Duration = Duration::from_millis(200);

impl Transfer {
    /// A transfer of so many bytes begins.
    pub(crate) fn new(total: u64, quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        Self {
            total,
            done: 0,
            began: Instant::now(),
            shown: None,
            visible,
        }
    }

    /// So many bytes more are done.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let due =
            self.shown.is_none_or(|shown| shown.elapsed() >= INTERVAL) || self.done == self.total;
        if self.visible && due {
            self.shown = Some(Instant::now());
            eprint!(
                "\r\x1b[K{}",
                line(self.done, self.total, self.began.elapsed())
            );
            let _ = std::io::stderr().flush();
            if self.done == self.total {
                eprintln!();
            }
        }
    }
}

fn line(done: u64, total: u64, elapsed: Duration) -> String {
    let percent = (done * 100).checked_div(total).unwrap_or(100);
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let left = (total.saturating_sub(done) as f64 / rate.max(1.0)).ceil() as u64;
    let rate = Bytes(rate as u64);
    let left = span(left);
    format!(
        "{percent:3} %  {} of {}  {rate}/s  {left} left",
        Bytes(done),
        Bytes(total)
    )
}

/// Seconds, for people.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        _ => format!("{}:{:02} min", seconds / 60, seconds % 60),
    }
}

/// How far the updater is, on one line.
pub(crate) fn update(progress: &UpdateProgress) -> String {
    let phase = match progress.phase {
        UpdatePhase::Checking => "checking the release",
        UpdatePhase::Preparing => "preparing the slot",
        UpdatePhase::Writing => "fetching and writing",
        UpdatePhase::Verifying => "reading it back",
        UpdatePhase::Activating => "activating",
    };
    let Some(percent) = (progress.done * 100).checked_div(progress.total) else {
        return phase.to_owned();
    };
    let mut text = format!(
        "{phase}  {percent:3} %  {} of {}, {} fetched  {}/s",
        Bytes(progress.done),
        Bytes(progress.total),
        Bytes(progress.fetched),
        Bytes(progress.rate)
    );
    if let Some(eta) = progress.eta {
        text.push_str(&format!("  {} left", span(eta)));
    }
    text
}

/// A line that is written over; without a terminal, a line per change of its
/// first words.
pub(crate) struct StatusLine {
    quiet: bool,
    terminal: bool,
    shown: String,
}

impl StatusLine {
    /// Nothing is shown yet.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            terminal: std::io::stderr().is_terminal(),
            shown: String::new(),
        }
    }

    /// Shows a text in place of the last one.
    pub(crate) fn show(&mut self, text: &str) {
        if self.quiet || text == self.shown {
            return;
        }
        if self.terminal {
            eprint!("\r\x1b[K{text}");
            let _ = std::io::stderr().flush();
        } else if text.split("  ").next() != self.shown.split("  ").next() {
            eprintln!("{text}");
        }
        text.clone_into(&mut self.shown);
    }

    /// Leaves an empty line.
    pub(crate) fn clear(&mut self) {
        if self.terminal && !self.quiet && !self.shown.is_empty() {
            eprint!("\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}

/// Shows the step that an operation is at.
pub(crate) fn operation(operation: &megh_api_types::Operation, quiet: bool) {
    if quiet || !std::io::stderr().is_terminal() {
        return;
    }
    let running = |step: &&megh_api_types::Step| step.status == megh_api_types::StepStatus::Running;
    let step = operation
        .steps
        .iter()
        .find(running)
        .map_or("", |step| step.name.as_str());
    eprint!("\r\x1b[K{:3} %  {step}", operation.percent);
    if operation.finished_at.is_some() {
        eprint!("\r\x1b[K");
    }
    let _ = std::io::stderr().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_updater_says_how_far_how_fast_and_how_long() {
        let mut progress = UpdateProgress {
            phase: UpdatePhase::Writing,
            done: 1 << 30,
            total: 4 << 30,
            fetched: 64 << 20,
            rate: 16 << 20,
            eta: Some(192),
        };
        assert_eq!(
            update(&progress),
            "fetching and writing   25 %  1 GiB of 4 GiB, 64 MiB fetched  16 MiB/s  3:12 min left"
        );
        progress.total = 0;
        assert_eq!(update(&progress), "fetching and writing");
    }

    #[test]
    fn a_transfer_says_how_far_how_fast_and_how_long() {
        let shown = line(256 << 20, 1 << 30, Duration::from_secs(2));
        assert_eq!(shown, " 25 %  256 MiB of 1 GiB  128 MiB/s  6 s left");
        assert!(line(0, 0, Duration::ZERO).starts_with("100 %"));
    }
}
