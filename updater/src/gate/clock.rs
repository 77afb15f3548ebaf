//! Whether the clock is sane.

/// A version runs after it was released. An hour is for clocks that are set
/// a little later.
const SLACK: u64 = 3600;

pub(super) fn check(now: u64, released: u64) -> (&'static str, Result<String, String>) {
    let outcome = match now.saturating_add(SLACK) >= released {
        true => Ok("It is later than this version's release.".to_owned()),
        false => Err("The clock shows a time before this version's release.".to_owned()),
    };
    ("clock", outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_release_is_not_sane() {
        assert!(check(1_800_000_000, 1_800_000_100).1.is_ok());
        assert!(check(1_800_000_000, 0).1.is_ok());
        assert!(check(0, 1_800_000_000).1.is_err());
    }
}
