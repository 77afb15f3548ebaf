//! Installation without a person.
//!
//! Several terminals may run this at once, the screen and the serial port: one
//! of them installs, the others repeat what it says.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use megh_host::{Machine, power};
use megh_model::answers::{Answers, Finish};

use crate::answers;
use crate::place::Place;
use crate::progress::Event;
use crate::session::{Lock, Session, SessionError};

/// The last line after a success.
pub const DONE: &str = "MEGH-INSTALL-DONE";
/// The last line after a failure begins with this.
pub const FAILED: &str = "MEGH-INSTALL-FAILED";

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The disk starts, and the machine is going down.
    Done,
    /// It does not.
    Failed,
}

/// How often somebody who repeats looks for more.
const POLL: Duration = Duration::from_millis(200);
/// Time for the others to say the last line before the machine goes down.
const FAREWELL: Duration = Duration::from_secs(1);

/// Installs as the answers say, or repeats what another terminal reports.
pub fn run(machine: &dyn Machine, place: &Place, out: &mut dyn Write) -> Result<Outcome> {
    let journal = place.run.join("progress.jsonl");
    match Lock::take(place) {
        Err(SessionError::Busy) => follow(&journal, out),
        Err(error) => Err(error.into()),
        Ok(lock) if ended(&journal) => {
            drop(lock);
            follow(&journal, out)
        }
        Ok(lock) => lead(machine, place, &lock, &journal, out),
    }
}

/// Installs and reports to `out` and to the journal.
fn lead(
    machine: &dyn Machine,
    place: &Place,
    lock: &Lock,
    journal: &Path,
    out: &mut dyn Write,
) -> Result<Outcome> {
    let mut report = Report::new(journal, out)?;
    let finish = match install(machine, place, lock, &mut |event| report.say(&event)) {
        Ok(finish) => finish,
        Err(error) => {
            report.say(&Event::Failed {
                reason: format!("{error:#}"),
            });
            return Ok(Outcome::Failed);
        }
    };
    thread::sleep(FAREWELL);
    match finish {
        Finish::Poweroff => power::power_off(machine)?,
        Finish::Reboot => power::reboot(machine)?,
    }
    Ok(Outcome::Done)
}

fn install(
    machine: &dyn Machine,
    place: &Place,
    lock: &Lock,
    report: &mut dyn FnMut(Event),
) -> Result<Finish> {
    let answers: Answers = answers::find(machine, place)?.context("there are no answers")?;
    let place = &Place {
        allow_expired: place.allow_expired || answers.allow_expired,
        ..place.clone()
    };
    let session = Session::open(machine, place)?;
    let plan = session.plan_by_answers(&answers)?;
    session.execute(&plan, lock, report)?;
    Ok(answers.finish)
}

/// Says events on a terminal and in the journal.
struct Report<'o> {
    journal: File,
    out: &'o mut dyn Write,
}

impl<'o> Report<'o> {
    fn new(journal: &Path, out: &'o mut dyn Write) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(journal);
        let journal = file.with_context(|| format!("cannot open {}", journal.display()))?;
        Ok(Self { journal, out })
    }

    /// A terminal that does not take it must not stop the installation.
    fn say(&mut self, event: &Event) {
        let line = line(event);
        let _journal = self.journal.write_all(line.as_bytes());
        let _terminal = write_event(self.out, event, &line);
    }
}

/// An event as a line of JSON.
pub fn line(event: &Event) -> String {
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    line
}

/// The line, and the last word when this is the last event.
fn write_event(out: &mut dyn Write, event: &Event, line: &str) -> io::Result<()> {
    out.write_all(line.as_bytes())?;
    match event {
        Event::Done { .. } => writeln!(out, "{DONE}")?,
        Event::Failed { reason } => writeln!(out, "{FAILED}: {}", one_line(reason))?,
        _ => {}
    }
    out.flush()
}

/// Parsers explain themselves on several lines; the last word is one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the journal tells of an installation that has ended.
fn ended(journal: &Path) -> bool {
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    let last = text
        .lines()
        .next_back()
        .and_then(|line| serde_json::from_str(line).ok());
    matches!(last, Some(Event::Done { .. } | Event::Failed { .. }))
}

/// Repeats the journal until its last event.
fn follow(journal: &Path, out: &mut dyn Write) -> Result<Outcome> {
    let mut lines = Lines {
        path: journal.to_owned(),
        file: None,
        rest: String::new(),
    };
    loop {
        for line in lines.more()? {
            let Ok(event) = serde_json::from_str::<Event>(&line) else {
                continue;
            };
            write_event(out, &event, &format!("{line}\n"))?;
            match event {
                Event::Done { .. } => return Ok(Outcome::Done),
                Event::Failed { .. } => return Ok(Outcome::Failed),
                _ => {}
            }
        }
        thread::sleep(POLL);
    }
}

/// A file that grows, by whole lines.
struct Lines {
    path: PathBuf,
    file: Option<File>,
    rest: String,
}

impl Lines {
    fn more(&mut self) -> Result<Vec<String>> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let Some(file) = &mut self.file else {
            return Ok(Vec::new());
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        self.rest.push_str(&String::from_utf8_lossy(&bytes));
        let end = self.rest.rfind('\n').map_or(0, |at| at + 1);
        let whole: String = self.rest.drain(..end).collect();
        Ok(whole.lines().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests;
