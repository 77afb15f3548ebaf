//! The first screen of an installed machine, on its display and its serial
//! line. It needs nothing but files that others leave, so it works, and says
//! so, when the control plane does not.

pub mod draw;
pub mod facts;
pub mod plain;
pub mod rollback;
pub mod state;
#[cfg(test)]
mod tests;
pub mod update;

use std::io::{self, Write};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use megh_host::command::Cmd;
use megh_host::{Machine, System};

use crate::tui::state::Input;
use crate::tui::terminal::{Screen, Style};
use facts::{Facts, Sources};
use state::{Action, View};

/// How often the facts are looked at.
const REFRESH: Duration = Duration::from_secs(2);

/// Shows the screen until this process is ended.
pub fn run() -> Result<()> {
    // Messages of the kernel would be written across the screen.
    let _still_loud = System.run(&Cmd::new("dmesg").args(["--console-level", "1"]));
    let style = Style::from_env();
    let sources = Sources::default();
    let mut screen = Screen::open(style)?;
    let mut facts = sources.read();
    let mut shown = Shown::default();
    announce(style, None, &facts)?;
    screen.clear()?;
    loop {
        shown.settle();
        screen.draw(|frame, style| draw::draw(&shown.view, &facts, style, frame))?;
        let deadline = Instant::now() + REFRESH;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            let Some(input) = screen.key(left)? else {
                continue;
            };
            if input == Input::Redraw {
                screen.clear()?;
            }
            shown.on(&input, &facts);
            screen.draw(|frame, style| draw::draw(&shown.view, &facts, style, frame))?;
        }
        let now = sources.read();
        if announce(style, Some(&facts), &now)? {
            screen.clear()?;
        }
        facts = now;
    }
}

/// What is shown, and the work that was asked for.
struct Shown {
    view: View,
    work: Option<JoinHandle<Result<(), String>>>,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            view: View::Status,
            work: None,
        }
    }
}

impl Shown {
    fn on(&mut self, input: &Input, facts: &Facts) {
        let view = std::mem::replace(&mut self.view, View::Status);
        let (view, action) = view.on(input, facts);
        self.view = view;
        if let Some(Action::RollBack) = action {
            self.work = Some(thread::spawn(|| rollback::roll_back(&System)));
        }
    }

    /// Looks whether the work has ended.
    fn settle(&mut self) {
        let Some(work) = self.work.take_if(|work| work.is_finished()) else {
            return;
        };
        match work.join() {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => self.view = View::Refused(reason),
            Err(_) => self.view = View::Refused("the console failed at it".to_owned()),
        }
    }
}

/// Prints the plain block on a serial line when it says something new; true
/// when it was printed, and the screen must be drawn anew.
fn announce(style: Style, before: Option<&Facts>, now: &Facts) -> io::Result<bool> {
    let text = plain::block(now);
    if style != Style::Ascii || before.is_some_and(|before| plain::block(before) == text) {
        return Ok(false);
    }
    let mut out = io::stdout().lock();
    // The terminal is raw: every line needs its own return.
    write!(out, "\r\n{}", text.replace('\n', "\r\n"))?;
    out.flush()?;
    Ok(true)
}
