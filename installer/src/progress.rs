//! What an installation says about itself while it runs: one event at a time,
//! one JSON object a line where a program reads along.

use std::fmt;
use std::time::{Duration, Instant};

use megh_model::units::Bytes;
use serde::{Deserialize, Serialize};

/// The parts of an installation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Every part of the release is read and compared with the manifest.
    Verify,
    /// What is on the disk is made unreadable. From here on it is lost.
    Wipe,
    /// The system is written to its slot.
    System,
    /// The system is read back from the disk.
    ReadBack,
    /// The loaders are written.
    Loaders,
    /// The kernel of the slot is written.
    Kernel,
    /// The state partition is made.
    State,
    /// The pool is made.
    Pool,
    /// The partition table is written: from here on the disk starts.
    Activate,
    /// The firmware is told.
    Firmware,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Verify,
        Self::Wipe,
        Self::System,
        Self::ReadBack,
        Self::Loaders,
        Self::Kernel,
        Self::State,
        Self::Pool,
        Self::Activate,
        Self::Firmware,
    ];
}

/// What is being done, as one says it.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Verify => "checking the release",
            Self::Wipe => "wiping the disk",
            Self::System => "writing the system",
            Self::ReadBack => "reading the system back",
            Self::Loaders => "writing the loaders",
            Self::Kernel => "writing the kernel",
            Self::State => "making the state partition",
            Self::Pool => "making the pool",
            Self::Activate => "activating the disk",
            Self::Firmware => "telling the firmware",
        })
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// What will be done.
    Plan {
        /// The version.
        version: String,
        /// The disk in words.
        disk: String,
        /// What is lost.
        loses: String,
    },
    /// How far it is.
    Progress {
        /// What is being done.
        phase: Phase,
        /// Bytes read, written or read back so far, over all phases.
        bytes: u64,
        /// Bytes to be read, written or read back in all.
        total: u64,
        /// Bytes per second, on average.
        rate: u64,
        /// Seconds that remain, when that can be said.
        eta: Option<u64>,
    },
    /// Something that does not stop the installation.
    Warning {
        /// In words.
        message: String,
    },
    /// The disk starts.
    Done {
        /// The version.
        version: String,
        /// Seconds that it took.
        seconds: u64,
    },
    /// The disk does not start, or is as it was before.
    Failed {
        /// In words, with all causes.
        reason: String,
    },
}

/// Counts bytes and decides when to say so.
pub struct Meter<'r> {
    report: &'r mut dyn FnMut(Event),
    started: Instant,
    said: Option<(Phase, Instant)>,
    phase: Phase,
    bytes: u64,
    total: u64,
}

/// Progress within a phase is reported no more often than this.
const INTERVAL: Duration = Duration::from_millis(500);

impl<'r> Meter<'r> {
    /// A meter for `total` bytes that reports to `report`.
    pub fn new(total: u64, report: &'r mut dyn FnMut(Event)) -> Self {
        let started = Instant::now();
        Self {
            report,
            started,
            said: None,
            phase: Phase::Verify,
            bytes: 0,
            total,
        }
    }

    /// Enters a phase.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.say();
    }

    /// Counts bytes that were dealt with.
    pub fn add(&mut self, bytes: u64) {
        self.bytes = (self.bytes + bytes).min(self.total);
        if self
            .said
            .is_none_or(|(phase, at)| phase != self.phase || at.elapsed() >= INTERVAL)
        {
            self.say();
        }
    }

    /// Says something that does not stop the installation.
    pub fn warn(&mut self, message: String) {
        (self.report)(Event::Warning { message });
    }

    /// The phase that runs.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn say(&mut self) {
        self.said = Some((self.phase, Instant::now()));
        let (rate, eta) = estimate(self.bytes, self.total, self.started.elapsed());
        let (phase, bytes, total) = (self.phase, self.bytes, self.total);
        (self.report)(Event::Progress {
            phase,
            bytes,
            total,
            rate,
            eta,
        });
    }
}

/// Bytes per second and seconds left; no guess in the first second.
fn estimate(bytes: u64, total: u64, elapsed: Duration) -> (u64, Option<u64>) {
    let seconds = elapsed.as_secs_f64();
    if seconds < 1.0 || bytes == 0 {
        return (0, None);
    }
    let rate = (bytes as f64 / seconds) as u64;
    (
        rate,
        Some(total.saturating_sub(bytes).div_ceil(rate.max(1))),
    )
}

/// A line for people.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan {
                version,
                disk,
                loses,
            } => {
                write!(f, "Installing MeghOS {version} on {disk}. Lost: {loses}.")
            }
            Self::Progress {
                phase,
                bytes,
                total,
                rate,
                eta,
            } => {
                let percent = bytes * 100 / (*total).max(1);
                write!(f, "{percent:>3} %  {phase}")?;
                match eta {
                    Some(eta) => write!(f, "  {}/s, {} left", Bytes(*rate), Span(*eta)),
                    None => Ok(()),
                }
            }
            Self::Warning { message } => write!(f, "Note: {message}"),
            Self::Done { version, seconds } => {
                write!(
                    f,
                    "MeghOS {version} is installed; it took {}.",
                    Span(*seconds)
                )
            }
            Self::Failed { reason } => write!(f, "The installation failed: {reason}"),
        }
    }
}

/// A number of seconds as people say it.
#[derive(Debug, Clone, Copy)]
pub struct Span(pub u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s < 60 => write!(f, "{s} s"),
            s if s < 3600 => write!(f, "{} min {} s", s / 60, s % 60),
            s => write!(f, "{} h {} min", s / 3600, s % 3600 / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_needs_a_second_and_some_bytes() {
        let s = Duration::from_secs;
        assert_eq!(estimate(100, 1000, Duration::from_millis(900)), (0, None));
        assert_eq!(estimate(0, 1000, s(10)), (0, None));
        assert_eq!(estimate(100, 1000, s(10)), (10, Some(90)));
        assert_eq!(estimate(1000, 1000, s(10)), (100, Some(0)));
    }

    #[test]
    fn every_phase_is_reported_and_bytes_never_exceed_the_total() {
        let mut events = Vec::new();
        let mut keep = |event| events.push(event);
        let mut meter = Meter::new(10, &mut keep);
        for phase in Phase::ALL {
            meter.enter(phase);
            meter.add(7);
        }
        assert_eq!(events.len(), Phase::ALL.len());
        assert!(
            events
                .iter()
                .all(|e| matches!(e, Event::Progress { bytes, total: 10, .. } if *bytes <= 10))
        );
    }

    #[test]
    fn a_line_is_stable_json() {
        let event = Event::Progress {
            phase: Phase::ReadBack,
            bytes: 5,
            total: 10,
            rate: 1,
            eta: Some(5),
        };
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(
            line,
            r#"{"event":"progress","phase":"read-back","bytes":5,"total":10,"rate":1,"eta":5}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
        assert_eq!(
            event.to_string(),
            " 50 %  reading the system back  1 B/s, 5 s left"
        );
    }
}
