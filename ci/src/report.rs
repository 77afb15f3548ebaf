//! What was run, how long it took, and how it ended.

use std::time::{Duration, Instant};

use anyhow::Result;
use megh_host::command::{Cmd, Line};

/// How one step ended.
#[derive(Debug)]
struct Outcome {
    name: String,
    took: Duration,
    passed: usize,
    failed: usize,
    warnings: Vec<String>,
    earlier: bool,
}

/// A step at work: it counts tests and collects warnings.
#[derive(Debug, Default)]
pub(crate) struct Step {
    passed: usize,
    failed: usize,
    warnings: Vec<String>,
}

/// The steps of this run.
#[derive(Debug)]
pub(crate) struct Report {
    started: Instant,
    outcomes: Vec<Outcome>,
}

impl Step {
    /// Something that must not go unnoticed; repeated at the end.
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        println!("WARNING: {text}");
        self.warnings.push(text);
    }

    /// Counts tests that passed or failed.
    pub(crate) fn count(&mut self, passed: usize, failed: usize) {
        self.passed += passed;
        self.failed += failed;
    }

    /// Runs a program, shows what it prints and counts the tests it reports.
    pub(crate) fn run_tests(&mut self, cmd: &Cmd) -> Result<()> {
        let (mut passed, mut failed) = (0, 0);
        let outcome = cmd.lines(|line| {
            let (Line::Out(text) | Line::Err(text)) = line;
            println!("{text}");
            if let Some((good, bad)) = test_result(text) {
                passed += good;
                failed += bad;
            }
        });
        self.count(passed, failed);
        outcome.map(drop).map_err(Into::into)
    }
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            outcomes: Vec::new(),
        }
    }

    /// Runs a step and keeps its outcome; a step without tests of its own counts as one.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce(&mut Step) -> Result<()>) {
        println!("==> {name}");
        let started = Instant::now();
        let mut step = Step::default();
        let result = work(&mut step);
        let took = started.elapsed();
        if let Err(error) = &result {
            println!("{name} failed: {error:#}");
        }
        if result.is_ok() && step.passed + step.failed == 0 {
            step.passed = 1;
        }
        if result.is_err() && step.failed == 0 {
            step.failed = 1;
        }
        println!(
            "<== {name}: {} after {}",
            verdict(step.failed),
            seconds(took)
        );
        self.outcomes.push(Outcome {
            name: name.to_owned(),
            took,
            passed: step.passed,
            failed: step.failed,
            warnings: step.warnings,
            earlier: false,
        });
    }

    /// Takes over a step that passed in an interrupted run on the same files.
    pub(crate) fn passed_earlier(&mut self, name: &str, passed: usize, took: Duration) {
        println!("==> {name}: passed before the interruption");
        self.outcomes.push(Outcome {
            name: name.to_owned(),
            took,
            passed,
            failed: 0,
            warnings: Vec::new(),
            earlier: true,
        });
    }

    /// Whether the last step passed, with its count of tests, its time and
    /// whether it warned.
    pub(crate) fn last(&self) -> Option<(bool, usize, Duration)> {
        self.outcomes
            .last()
            .map(|one| (one.failed == 0, one.passed, one.took))
    }

    /// Whether the step of this name passed.
    pub(crate) fn has_passed(&self, name: &str) -> bool {
        self.outcomes
            .iter()
            .any(|one| one.name == name && one.failed == 0)
    }

    /// The time since the start, if every step ran now and passed.
    pub(crate) fn whole_time(&self) -> Option<Duration> {
        let whole = self
            .outcomes
            .iter()
            .all(|one| one.failed == 0 && !one.earlier);
        whole.then(|| self.started.elapsed())
    }

    /// Prints the table and the counts; `false` when anything failed.
    pub(crate) fn finish(self) -> bool {
        println!();
        for one in &self.outcomes {
            let note = if one.earlier {
                "  (before the interruption)"
            } else {
                ""
            };
            println!(
                "{:<14} {:>9}  {:<7} {:>5} passed {:>3} failed{note}",
                one.name,
                seconds(one.took),
                verdict(one.failed),
                one.passed,
                one.failed
            );
        }
        println!("{:<14} {:>9}", "in all", seconds(self.started.elapsed()));
        for warning in self.outcomes.iter().flat_map(|one| &one.warnings) {
            println!("WARNING: {warning}");
        }
        let passed: usize = self.outcomes.iter().map(|one| one.passed).sum();
        let failed: usize = self.outcomes.iter().map(|one| one.failed).sum();
        println!("{passed} passed, {failed} failed");
        failed == 0
    }
}

const fn verdict(failed: usize) -> &'static str {
    if failed == 0 { "passed" } else { "FAILED" }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Reads `test result: ok. 5 passed; 0 failed; …`, which every Rust test program prints.
fn test_result(line: &str) -> Option<(usize, usize)> {
    let counts = line.trim_start().strip_prefix("test result: ")?;
    let number = |word: &str| {
        let (before, _) = counts.split_once(word)?;
        before.split_whitespace().next_back()?.parse().ok()
    };
    Some((number(" passed")?, number(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_test_programs_are_counted() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; finished in 1s";
        assert_eq!(test_result(line), Some((12, 3)));
        assert_eq!(test_result("running 12 tests"), None);
    }

    #[test]
    fn a_step_that_fails_without_counting_counts_once() {
        let mut report = Report::new();
        report.step("good", |_| Ok(()));
        report.step("bad", |_| anyhow::bail!("on purpose"));
        assert!(report.has_passed("good") && !report.has_passed("bad"));
        assert!(!report.finish());
    }
}
