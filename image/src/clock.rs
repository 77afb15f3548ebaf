//! The time of day, for documents that carry one.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The time so many days after `from`, seconds since 1970.
pub const fn days_after(from: u64, days: u64) -> u64 {
    from.saturating_add(days.saturating_mul(DAY))
}

/// Seconds since 1970; a clock before that counts as that.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
