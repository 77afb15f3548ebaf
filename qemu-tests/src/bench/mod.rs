//! What the product costs, as ratios to the same work done bare.

mod copy;
mod instance;
mod median;
mod report;
mod start;
mod update;

use std::path::PathBuf;

use anyhow::{Result, bail};

use self::median::median;
use self::report::{Numbers, Ratio};
use self::start::Settled;
use crate::{Firmware, Lab, installation};

/// What is asked of the measurements.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// How often each is taken; the median counts.
    pub runs: usize,
    /// Where the table goes; standard output gets it in any case.
    pub write: Option<PathBuf>,
}

impl Options {
    /// Reads `--runs N` and `--write FILE`.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            runs: 3,
            write: None,
        };
        while let Some(name) = arguments.next() {
            match (name.as_str(), arguments.next()) {
                ("--runs", Some(runs)) => options.runs = runs.parse()?,
                ("--write", Some(file)) => options.write = Some(file.into()),
                _ => bail!("usage: megh-bench [--runs N] [--write FILE]"),
            }
        }
        Ok(options)
    }
}

/// Takes all measurements, prints them and writes them down.
pub fn run(options: &Options) -> Result<()> {
    let lab = Lab::lasting("bench")?;
    let base = installation::base_path(&lab, Firmware::Uefi)?;
    if !base.is_file() {
        installation::install(&lab, Firmware::Uefi, crate::Medium::Iso)?;
    }
    let settled = Settled::new(&lab)?;
    let mut starts = Vec::new();
    let mut bare_starts = Vec::new();
    let mut installs = Vec::new();
    let mut copies = Vec::new();
    let mut updates = Vec::new();
    let mut bare_updates = Vec::new();
    for run in 1..=options.runs {
        lab.say(&format!("run {run} of {}", options.runs));
        starts.push(settled.start(&lab)?);
        bare_starts.push(start::bare(&lab, &base)?);
        installs.push(copy::install(&lab)?);
        copies.push(copy::dd(&lab)?);
        updates.push(update::update(&lab, &base)?);
        bare_updates.push(update::bare(&lab, &base)?);
    }
    let numbers = Numbers {
        runs: options.runs,
        start: Ratio {
            ours: median(starts.iter().map(|start| start.seconds)),
            bare: median(bare_starts),
        },
        install: Ratio {
            ours: median(installs),
            bare: median(copies),
        },
        staging: Ratio {
            ours: median(updates.iter().map(|update| update.staging)),
            bare: median(bare_updates),
        },
        applying: median(updates.iter().map(|update| update.applying)),
        creation: instance::creation(&lab, options.runs)?,
        idle_memory: median(starts.iter().map(|start| start.memory_used as f64)),
        iso: std::fs::metadata(lab.release()?.iso())?.len(),
        root: lab.release()?.size(megh_model::release::PartKind::Root)?,
    };
    let text = numbers.to_markdown(lab.cache());
    println!("{text}");
    if let Some(file) = &options.write {
        let before = std::fs::read_to_string(file).unwrap_or_default();
        std::fs::write(file, text + sections(&before))?;
    }
    Ok(())
}

/// What the page has behind the table: sections that others write.
fn sections(page: &str) -> &str {
    page.find("\n## ").map_or("", |at| &page[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_others_stay() {
        assert_eq!(
            sections("# Numbers\n\n| a |\n\n## Campaigns\nx\n"),
            "\n## Campaigns\nx\n"
        );
        assert_eq!(sections("# Numbers\n"), "");
    }

    #[test]
    fn options_are_read_and_others_refused() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        assert_eq!(
            parse("--runs 5 --write x").expect("valid"),
            Options {
                runs: 5,
                write: Some("x".into())
            }
        );
        assert!(parse("--rums 5").is_err() && parse("--runs").is_err());
    }
}
