//! What each command does.

use std::io::{self, Write};
use std::path::Path;
use std::thread;

use anyhow::{Result, bail};
use clap::CommandFactory;
use megh_host::command::Cmd;
use megh_host::{Machine, System};
use serde_json::json;

use super::{Choice, Cli, Command};
use crate::candidates;
use crate::place::Place;
use crate::plan::{Plan, in_words};
use crate::progress::Event;
use crate::session::{Lock, Session, chain};
use crate::tui::LateAnswers;
use crate::{answers, auto, tui};

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<()> {
    let mut place = Place::default();
    place.release = cli.release.unwrap_or(place.release);
    place.keys = cli.keys.unwrap_or(place.keys);
    place.allow_expired = cli.allow_expired;
    let mut out = io::stdout().lock();
    let Some(command) = cli.command else {
        return start(&place, &mut out);
    };
    match command {
        Command::Plan { choice, json } => print_plan(&place, &choice, json, &mut out),
        Command::Execute {
            choice,
            confirm,
            json,
        } => install(&place, &choice, &confirm, json, &mut out),
        Command::Auto => match auto::run(&System, &place, &mut out)? {
            auto::Outcome::Done => Ok(()),
            auto::Outcome::Failed => bail!("the installation failed"),
        },
        Command::Match { answers, json } => print_match(&place, &answers, json, &mut out),
        Command::Validate { answers } => {
            answers::read(&answers, &answers.display().to_string())?;
            Ok(writeln!(out, "{} is right.", answers.display())?)
        }
        Command::Tui => tui::run(&System, &place, LateAnswers::Ignored),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "megh-install", &mut out);
            Ok(())
        }
    }
}

/// What the medium starts on every terminal.
fn start(place: &Place, out: &mut dyn Write) -> Result<()> {
    // Where nothing is settled yet, a little patience does the same.
    let _settled = System.run(&Cmd::new("udevadm").args(["settle", "--timeout=10"]));
    if matches!(answers::find(&System, place), Ok(None)) {
        tui::run(&System, place, LateAnswers::EndIt)?;
    }
    unattended(place, out)
}

/// Installs by answers. A success ends in a machine that goes down; after a
/// failure the reason stays on the terminal until somebody comes.
fn unattended(place: &Place, out: &mut dyn Write) -> Result<()> {
    let outcome = auto::run(&System, place, out)?;
    if outcome == auto::Outcome::Failed {
        writeln!(out, "Press Enter to choose a disk by hand.")?;
        out.flush()?;
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? > 0 {
            return tui::run(&System, place, LateAnswers::Ignored);
        }
    }
    loop {
        thread::park();
    }
}

fn plan(session: &Session<'_>, choice: &Choice) -> Result<Plan> {
    Ok(match (&choice.answers, &choice.disk) {
        (Some(path), _) => {
            session.plan_by_answers(&answers::read(path, &path.display().to_string())?)?
        }
        (None, Some(disk)) => session.plan_by_name(disk, choice.host_name.clone())?,
        (None, None) => bail!("choose a disk by --disk or --answers"),
    })
}

fn print_plan(place: &Place, choice: &Choice, json: bool, out: &mut dyn Write) -> Result<()> {
    let session = Session::open(&System, place)?;
    let plan = plan(&session, choice)?;
    if json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&plan)?)?);
    }
    write!(out, "{plan}")?;
    Ok(writeln!(out, "To confirm: {}", plan.confirmation)?)
}

fn install(
    place: &Place,
    choice: &Choice,
    confirm: &str,
    json: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let lock = Lock::take(place)?;
    let session = Session::open(&System, place)?;
    let plan = plan(&session, choice)?;
    if confirm != plan.confirmation {
        bail!(
            "{} is confirmed by `{}`, not by `{confirm}`",
            plan.disk,
            plan.confirmation
        );
    }
    let done = session.execute(&plan, &lock, &mut |event| say(out, &event, json));
    if let (Err(error), true) = (&done, json) {
        say(
            out,
            &Event::Failed {
                reason: chain(error),
            },
            json,
        );
    }
    Ok(done?)
}

/// A reader who has gone must not stop the installation.
fn say(out: &mut dyn Write, event: &Event, json: bool) {
    let line = if json {
        auto::line(event)
    } else {
        format!("{event}\n")
    };
    let _gone = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

fn print_match(place: &Place, path: &Path, json: bool, out: &mut dyn Write) -> Result<()> {
    let answers = answers::read(path, &path.display().to_string())?;
    let candidates = candidates::judge(place.disks(&System)?, place.firmware);
    let chosen = candidates::find(&candidates, &answers.target);
    if json {
        let rows: Vec<_> = candidates
            .iter()
            .map(|c| {
                json!({
                    "disk": c.disk,
                    "mismatch": answers.target.mismatch(&c.disk.facts()),
                    "refused": c.verdict.as_ref().err().map(ToString::to_string),
                    "chosen": chosen.as_ref().is_ok_and(|chosen| chosen.disk == c.disk),
                })
            })
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
        chosen?;
        return Ok(());
    }
    Ok(writeln!(out, "{}", in_words(&chosen?.disk))?)
}
