//! Telling how far a long command is: lines on standard output, and a file for
//! who asks for the status in the meantime.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use megh_model::update::{Phase, Progress};

use crate::{Places, kept};

/// Where the last line lies while a command is at work.
pub(crate) const PROGRESS_FILE: &str = "progress.json";
/// At most so many lines a second.
const PAUSE: Duration = Duration::from_millis(500);
/// The rate is that of the last seconds.
const SPAN: Duration = Duration::from_secs(10);

/// Takes lines of progress.
pub type Sink<'a> = dyn FnMut(&Progress) + 'a;

/// How far a command is.
pub(crate) struct Meter<'a> {
    sink: &'a mut Sink<'a>,
    file: PathBuf,
    phase: Phase,
    total: u64,
    fetched: u64,
    seen: VecDeque<(Instant, u64)>,
    told: Option<Instant>,
}

impl<'a> Meter<'a> {
    /// A command that begins with looking.
    pub(crate) fn new(places: &Places, sink: &'a mut Sink<'a>) -> Self {
        Self {
            sink,
            file: places.run(PROGRESS_FILE),
            phase: Phase::Checking,
            total: 0,
            fetched: 0,
            seen: VecDeque::new(),
            told: None,
        }
    }

    /// Another phase begins, with that many bytes; 0 when that is not known.
    pub(crate) fn enter(&mut self, phase: Phase, total: u64) {
        (self.phase, self.total, self.told) = (phase, total, None);
        self.seen.clear();
        self.at(0, self.fetched);
    }

    /// So many bytes of the phase are done, and so many were fetched in all.
    pub(crate) fn at(&mut self, done: u64, fetched: u64) {
        let now = Instant::now();
        self.fetched = fetched;
        let done_all = self.total > 0 && done >= self.total;
        if self.told.is_some_and(|told| now - told < PAUSE) && !done_all {
            return;
        }
        self.told = Some(now);
        self.seen.push_back((now, done));
        while self.seen.len() > 2 && now - self.seen[0].0 > SPAN {
            self.seen.pop_front();
        }
        let rate = rate(&self.seen);
        let rest = self.total.saturating_sub(done);
        let progress = Progress {
            phase: self.phase,
            done,
            total: self.total,
            fetched,
            rate,
            eta: (rate > 0 && self.total > 0).then(|| rest.div_ceil(rate)),
        };
        (self.sink)(&progress);
        if let Err(error) = kept::show(&self.file, &progress) {
            tracing::debug!(%error, "progress is not shown to others");
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        // Nobody is at work any more; a file that is absent is fine.
        let _gone = std::fs::remove_file(&self.file);
    }
}

fn rate(seen: &VecDeque<(Instant, u64)>) -> u64 {
    let (Some(first), Some(last)) = (seen.front(), seen.back()) else {
        return 0;
    };
    let millis = u64::try_from((last.0 - first.0).as_millis()).unwrap_or(u64::MAX);
    match last.1.saturating_sub(first.1).saturating_mul(1000) {
        0 => 0,
        bytes => bytes.checked_div(millis).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let begin = Instant::now();
        let at = |seconds, bytes| (begin + Duration::from_secs(seconds), bytes);
        assert_eq!(rate(&VecDeque::from([at(0, 0)])), 0);
        assert_eq!(rate(&VecDeque::from([at(0, 100), at(4, 500)])), 100);
        assert_eq!(rate(&VecDeque::from([at(0, 100), at(4, 100)])), 0);
    }

    #[test]
    fn every_phase_is_told_from_its_beginning_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::new(dir.path());
        let mut told = Vec::new();
        let mut sink = |progress: &Progress| told.push((progress.phase, progress.done));
        let mut meter = Meter::new(&places, &mut sink);
        meter.enter(Phase::Writing, 100);
        meter.at(40, 0);
        meter.at(100, 0);
        assert!(places.run(PROGRESS_FILE).exists());
        drop(meter);
        assert!(!places.run(PROGRESS_FILE).exists());
        assert_eq!(told, [(Phase::Writing, 0), (Phase::Writing, 100)]);
    }
}
