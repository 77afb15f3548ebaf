//! Limits on how fast somebody may try.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use megh_api_types::{ProblemCode, UnixMillis};

use crate::fault::Fault;

/// Keys remembered; when more sources than that try at once, the rest share one limit.
const MAX_KEYS: usize = 10_000;
/// The key of those that share.
const OVERFLOW: &str = "everybody else";

/// Lets each key try `burst` times at once and then once every `interval`.
/// In memory: a restart forgets, which costs an attacker more than it gives.
pub(crate) struct Throttle {
    burst: u32,
    interval: Duration,
    /// For each key, the time at which all its attempts are forgotten.
    clear_at: Mutex<HashMap<String, UnixMillis>>,
}

impl Throttle {
    /// A throttle that has seen nothing yet.
    pub(crate) fn new(burst: u32, interval: Duration) -> Self {
        Self {
            burst,
            interval,
            clear_at: Mutex::default(),
        }
    }

    /// Counts an attempt, or refuses it and says how long to wait.
    pub(crate) fn attempt(&self, key: &str, now: UnixMillis) -> Result<(), Fault> {
        let interval = i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX);
        let room = interval.saturating_mul(i64::from(self.burst));
        let mut clear_at = self
            .clear_at
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if clear_at.len() >= MAX_KEYS {
            clear_at.retain(|_, at| *at > now);
        }
        let full = clear_at.len() >= MAX_KEYS && !clear_at.contains_key(key);
        let key = if full { OVERFLOW } else { key };
        let current = clear_at.get(key).copied().unwrap_or(now).max(now);
        let next = current.saturating_add(interval);
        if next - now > room {
            let wait = Duration::from_millis(u64::try_from(next - now - room).unwrap_or(0));
            return Err(Fault::new(
                ProblemCode::TooManyAttempts,
                "There were too many attempts in a short time.",
            )
            .after(wait));
        }
        clear_at.insert(key.to_owned(), next);
        Ok(())
    }

    /// Forgets a key's attempts, once it has shown that it may.
    pub(crate) fn forget(&self, key: &str) {
        self.clear_at
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .remove(key);
    }
}

/// One key for what one party controls: an IPv4 address, or an IPv6 /64.
pub(crate) fn source_key(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_per_interval() {
        let throttle = Throttle::new(3, Duration::from_secs(10));
        for _ in 0..3 {
            throttle.attempt("a", 0).expect("within the burst");
        }
        let refused = throttle.attempt("a", 0).expect_err("the burst is used up");
        assert_eq!(refused.retry_after, Some(Duration::from_secs(10)));
        throttle.attempt("b", 0).expect("another key");
        throttle.attempt("a", 10_000).expect("one interval later");
        throttle.attempt("a", 10_000).expect_err("only one");
        throttle.forget("a");
        throttle.attempt("a", 10_000).expect("forgotten");
    }

    #[test]
    fn one_party_is_one_key() {
        let key = |text: &str| source_key(Some(text.parse().expect("an address")));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    }
}
