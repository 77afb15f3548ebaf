//! How far something is, on one line of the terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

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
    let left = match left {
        0..60 => format!("{left} s"),
        _ => format!("{}:{:02} min", left / 60, left % 60),
    };
    format!(
        "{percent:3} %  {} of {}  {rate}/s  {left} left",
        Bytes(done),
        Bytes(total)
    )
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
    fn a_transfer_says_how_far_how_fast_and_how_long() {
        let shown = line(256 << 20, 1 << 30, Duration::from_secs(2));
        assert_eq!(shown, " 25 %  256 MiB of 1 GiB  128 MiB/s  6 s left");
        assert!(line(0, 0, Duration::ZERO).starts_with("100 %"));
    }
}
