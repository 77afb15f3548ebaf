//! The bandwidth limit: a bucket that fills at the permitted rate.

use std::time::{Duration, Instant};

/// The bucket holds this part of a second's bytes, so that a pause is not made
/// up for by a burst.
const DEPTH: Duration = Duration::from_millis(250);

/// Says how long to wait so that no more than `rate` bytes a second pass.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Bytes per second.
    rate: u64,
    /// When everything passed so far is paid for.
    paid_until: Instant,
}

impl Bucket {
    /// A bucket for `rate` bytes per second; 0 counts as 1.
    pub(super) fn new(rate: u64, now: Instant) -> Self {
        Self {
            rate: rate.max(1),
            paid_until: now,
        }
    }

    /// Takes `bytes` that have just passed; the answer is how long to wait
    /// before the next.
    pub(super) fn take(&mut self, bytes: usize, now: Instant) -> Duration {
        let oldest = now.checked_sub(DEPTH).unwrap_or(now);
        let cost = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        self.paid_until = self.paid_until.max(oldest) + cost;
        self.paid_until.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_passes_at_the_rate_and_no_pause_is_made_up_for() {
        let begun = Instant::now();
        let mut bucket = Bucket::new(1000, begun);
        let mut now = begun;
        for _ in 0..20 {
            now += bucket.take(500, now);
        }
        let seconds = now.duration_since(begun).as_secs_f64();
        assert!((9.7..=10.0).contains(&seconds), "{seconds}");
        now += Duration::from_secs(3600);
        assert!(bucket.take(1000, now) >= Duration::from_millis(740));
    }
}
