//! Matrices too large for every run: many trials drawn from a seed, resumable.

mod attacks;
mod broken_releases;
mod power_cut;
mod record;
mod updates;
mod work_cuts;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use self::record::Record;
use crate::Lab;

/// A trial's draws: the same for the same seed and number.
pub(crate) type Draws = fastrand::Rng;

/// Does the trial of this number, from 0; an error is a finding.
type Work = fn(&Lab, &mut Draws, u64) -> Result<()>;

const CAMPAIGNS: &[(&str, Work)] = &[
    ("attacks", attacks::trial),
    ("broken-releases", broken_releases::trial),
    ("power-cut", power_cut::trial),
    ("updates", updates::trial),
    ("work-cuts", work_cuts::trial),
];

/// Which campaign, and how much of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Its name.
    pub name: String,
    /// What the trials are drawn from.
    pub seed: u64,
    /// How many trials, those of earlier runs included.
    pub count: u64,
    /// The table of results.
    pub write: Option<PathBuf>,
}

impl Options {
    /// Reads `NAME --seed N --count M --write FILE`.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            name: arguments.next().unwrap_or_default(),
            seed: 1,
            count: 10,
            write: None,
        };
        while let Some(name) = arguments.next() {
            match (name.as_str(), arguments.next()) {
                ("--seed", Some(seed)) => options.seed = seed.parse()?,
                ("--count", Some(count)) => options.count = count.parse()?,
                ("--write", Some(file)) => options.write = Some(file.into()),
                _ => bail!("usage: megh-campaign NAME [--seed N] [--count M] [--write FILE]"),
            }
        }
        Ok(options)
    }
}

/// Runs the trials that no earlier run has done. It stops at the first
/// finding, keeping the lab; the same trial is the next run's first.
pub fn run(options: &Options) -> Result<()> {
    let names: Vec<_> = CAMPAIGNS.iter().map(|(name, _)| *name).collect();
    let (name, work) = CAMPAIGNS
        .iter()
        .find(|(name, _)| *name == options.name)
        .with_context(|| {
            let names = names.join(", ");
            format!(
                "there is no campaign `{}`; there are: {names}",
                options.name
            )
        })?;
    let digest = Lab::lasting("campaigns")?.release()?.short_digest()?;
    let mut record = Record::open(name, options.seed, &digest)?;
    while record.done() < options.count {
        let number = record.done();
        println!("trial {} of {}", number + 1, options.count);
        let begun = Instant::now();
        let mut draws = Draws::with_seed(options.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let found = attempt(&format!("{name}-{}-{number}", options.seed), |lab| {
            work(lab, &mut draws, number)
        });
        record.note(begun.elapsed(), found.is_ok())?;
        if let Some(file) = &options.write {
            record.write_row(file)?;
        }
        found.with_context(|| format!("{name}, seed {}, trial {number}", options.seed))?;
    }
    ensure!(record.findings() == 0, "findings of earlier runs stand");
    println!("{name}: {} trials, no findings", record.done());
    Ok(())
}

/// A scenario whose failure is an error.
fn attempt(name: &str, story: impl FnOnce(&Lab) -> Result<()>) -> Result<()> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        crate::scenario(name, story);
    }));
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        anyhow::anyhow!("{}", text.unwrap_or("the trial panicked"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_others_refused() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        let options = parse("work-cuts --seed 7 --count 3").expect("valid");
        assert_eq!((options.seed, options.count), (7, 3));
        assert!(parse("work-cuts --sed 7").is_err());
    }

    #[test]
    fn a_failed_trial_is_an_error_with_its_reason() {
        let error = attempt("campaign failure", |_| bail!("the disk burns")).unwrap_err();
        assert!(error.to_string().contains("the disk burns"), "{error}");
    }
}
