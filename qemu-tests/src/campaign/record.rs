//! What a campaign has done so far, so that the next run goes on there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::lab::cache_dir;

/// Begins the table's rows in the document of numbers.
const HEADING: &str = "## Campaigns";

/// One seed of one campaign against one image.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(skip)]
    path: PathBuf,
    name: String,
    seed: u64,
    iso: String,
    done: u64,
    findings: u64,
    seconds: f64,
}

impl Record {
    /// The record of earlier runs against the same image, or a new one.
    pub(super) fn open(name: &str, seed: u64, iso: &str) -> Result<Self> {
        Self::open_in(&cache_dir().join("campaigns"), name, seed, iso)
    }

    fn open_in(dir: &Path, name: &str, seed: u64, iso: &str) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        let path = dir.join(format!("{name}-{seed}.json"));
        let earlier = fs::read(&path)
            .ok()
            .and_then(|text| serde_json::from_slice::<Self>(&text).ok())
            .filter(|record| record.iso == iso);
        let fresh = || Self {
            path: PathBuf::new(),
            name: name.to_owned(),
            seed,
            iso: iso.to_owned(),
            done: 0,
            findings: 0,
            seconds: 0.0,
        };
        Ok(Self {
            path,
            ..earlier.unwrap_or_else(fresh)
        })
    }

    /// Trials without a finding.
    pub(super) const fn done(&self) -> u64 {
        self.done
    }

    /// Trials with one that have not passed since.
    pub(super) const fn findings(&self) -> u64 {
        self.findings
    }

    /// Notes a trial's end. One that failed is not done.
    pub(super) fn note(&mut self, took: Duration, passed: bool) -> Result<()> {
        self.seconds += took.as_secs_f64();
        match passed {
            true => {
                self.done += 1;
                self.findings = 0;
            }
            false => self.findings = 1,
        }
        fs::write(&self.path, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("writing {}", self.path.display()))
    }

    /// Puts this campaign's row into the document of numbers.
    pub(super) fn write_row(&self, file: &Path) -> Result<()> {
        let text = fs::read_to_string(file).unwrap_or_default();
        fs::write(file, with_row(&text, &self.key(), &self.row()))
            .with_context(|| format!("writing {}", file.display()))
    }

    fn key(&self) -> String {
        format!("| `{}` | {} |", self.name, self.seed)
    }

    fn row(&self) -> String {
        format!(
            "{} {} | {} | {:.0} min |",
            self.key(),
            self.done,
            self.findings,
            self.seconds / 60.0
        )
    }
}

/// `text` with `row` in the campaigns' table, instead of a row that begins
/// with `key`.
fn with_row(text: &str, key: &str, row: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if !lines.contains(&HEADING) {
        lines.extend(["", HEADING, ""]);
        lines.extend(["Each by `cargo ci campaign NAME --seed N --count M`.", ""]);
        lines.push("| campaign | seed | trials | findings | took |");
        lines.push("|---|---|---|---|---|");
    }
    match lines.iter_mut().find(|line| line.starts_with(key)) {
        Some(line) => *line = row,
        None => lines.push(row),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_goes_on_and_another_image_begins_anew() {
        let dir = tempfile::tempdir().expect("a folder");
        let open = |iso| Record::open_in(dir.path(), "cuts", 1, iso).expect("opens");
        let mut record = open("x");
        record.note(Duration::from_secs(60), true).expect("written");
        record
            .note(Duration::from_secs(60), false)
            .expect("written");
        assert_eq!((open("x").done(), open("x").findings()), (1, 1));
        assert_eq!((open("y").done(), open("y").findings()), (0, 0));
    }

    #[test]
    fn a_row_is_put_in_once_and_then_replaced() {
        let first = with_row("# Numbers\n", "| `c` | 1 |", "| `c` | 1 | 5 | 0 | 1 min |");
        assert!(first.starts_with("# Numbers\n\n## Campaigns\n"), "{first}");
        let second = with_row(&first, "| `c` | 1 |", "| `c` | 1 | 9 | 0 | 2 min |");
        assert!(
            second.contains("| 9 |") && !second.contains("| 5 |"),
            "{second}"
        );
        let third = with_row(&second, "| `c` | 2 |", "| `c` | 2 | 1 | 0 | 1 min |");
        assert!(third.contains("| `c` | 1 | 9") && third.contains("| `c` | 2 |"));
    }
}
