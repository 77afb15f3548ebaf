//! The middle of several runs.

/// The median: the middle value, or the mean of the two in the middle.
///
/// # Panics
/// When there is no value.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    assert!(!sorted.is_empty(), "a median needs values");
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        sorted[middle - 1].midpoint(sorted[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_does_not_move_it() {
        assert!((median([1.0, 9.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median([1.0, 9.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
    }
}
