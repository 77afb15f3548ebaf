//! Asking a person: which disk, and really. State changes in one place
//! ([`state`]), drawing reads it ([`draw`]), and only this runner acts.

pub mod draw;
#[cfg(test)]
pub(crate) mod snapshot;
pub mod state;
pub mod terminal;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use anyhow::Result;
use megh_host::command::Cmd;
use megh_host::{Machine, power};

use crate::answers;
use crate::candidates::Candidate;
use crate::place::Place;
use crate::plan::Plan;
use crate::progress::Event;
use crate::session::{Lock, Session, chain};
use state::{Action, Input, State};
use terminal::{Screen, Style};

/// How often the screen looks for news.
const TICK: Duration = Duration::from_millis(200);

/// How often answers are looked for while nobody has pressed a key.
const ANSWERS_TICK: Duration = Duration::from_secs(2);

/// What work in the background tells the screen.
enum News {
    Found(Result<Found, Trouble>),
    Planned(Result<Box<Plan>, String>),
    Event(Event),
    Answers,
}

/// What was found when looking around.
#[derive(PartialEq)]
pub struct Found {
    /// The version that can be installed.
    pub version: String,
    /// The disks.
    pub candidates: Vec<Candidate>,
    /// Whether the firmware has no owner and takes Secure Boot keys.
    pub setup_mode: bool,
}

/// Why nothing can be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// In words.
    pub reason: String,
    /// Whether only the release's age speaks against it.
    pub age: bool,
}

/// What a file of answers means to the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateAnswers {
    /// One that comes to light before anybody has pressed a key ends the
    /// dialogue: a stick may be recognised, or put in, after it has begun.
    EndIt,
    /// None is looked for.
    Ignored,
}

/// Runs the dialogue on this terminal until the machine goes down, or until
/// late answers end it.
pub fn run(
    machine: &'static (dyn Machine + 'static),
    place: &Place,
    late_answers: LateAnswers,
) -> Result<()> {
    // Messages of the kernel would be written across the screen.
    let _still_loud = machine.run(&Cmd::new("dmesg").args(["--console-level", "1"]));
    let mut screen = Screen::open(Style::from_env())?;
    let (sender, news) = mpsc::channel();
    let mut worker = Worker {
        machine,
        place: place.clone(),
        sender,
    };
    let mut state = State::looking();
    worker.act(Action::Look)?;
    let nobody_here = Arc::new(AtomicBool::new(true));
    if late_answers == LateAnswers::EndIt {
        worker.watch_for_answers(Arc::clone(&nobody_here));
    }
    loop {
        screen.draw(|frame, style| draw::draw(&state, style, frame))?;
        if let Some(key) = screen.key(TICK)? {
            nobody_here.store(false, Ordering::Relaxed);
            handle(key, &mut state, &mut screen, &mut worker)?;
        }
        while let Ok(news) = news.try_recv() {
            match news {
                News::Found(found) => {
                    handle(Input::Found(found), &mut state, &mut screen, &mut worker)?
                }
                News::Planned(plan) => {
                    handle(Input::Planned(plan), &mut state, &mut screen, &mut worker)?
                }
                News::Event(event) => {
                    handle(Input::Event(event), &mut state, &mut screen, &mut worker)?
                }
                News::Answers if nobody_here.load(Ordering::Relaxed) => return Ok(()),
                News::Answers => {}
            }
        }
    }
}

fn handle(input: Input, state: &mut State, screen: &mut Screen, worker: &mut Worker) -> Result<()> {
    if input == Input::Redraw {
        screen.clear()?;
    }
    match state.update(input) {
        Some(action) => worker.act(action),
        None => Ok(()),
    }
}

/// Does what the dialogue asks for, in the background.
struct Worker {
    machine: &'static dyn Machine,
    place: Place,
    sender: Sender<News>,
}

impl Worker {
    fn act(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Restart => power::reboot(self.machine)?,
            Action::PowerOff => power::power_off(self.machine)?,
            Action::AcceptAge => {
                self.place.allow_expired = true;
                self.spawn(|machine, place| vec![News::Found(look(machine, place))]);
            }
            Action::Look => self.spawn(|machine, place| vec![News::Found(look(machine, place))]),
            Action::Plan(disk) => {
                self.spawn(move |machine, place| vec![News::Planned(plan(machine, place, &disk))]);
            }
            Action::Install(plan) => self.install(*plan),
        }
        Ok(())
    }

    fn watch_for_answers(&self, nobody_here: Arc<AtomicBool>) {
        let (machine, place, sender) = (self.machine, self.place.clone(), self.sender.clone());
        std::thread::spawn(move || {
            while nobody_here.load(Ordering::Relaxed) {
                // Answers that are there and wrong are reported by whoever uses them.
                if !matches!(answers::find(machine, &place), Ok(None)) {
                    let _screen_gone = sender.send(News::Answers);
                    return;
                }
                std::thread::sleep(ANSWERS_TICK);
            }
        });
    }

    fn spawn(&self, work: impl FnOnce(&'static dyn Machine, &Place) -> Vec<News> + Send + 'static) {
        let (machine, place, sender) = (self.machine, self.place.clone(), self.sender.clone());
        std::thread::spawn(move || {
            for news in work(machine, &place) {
                let _screen_gone = sender.send(news);
            }
        });
    }

    fn install(&self, plan: Plan) {
        let sender = self.sender.clone();
        self.spawn(move |machine, place| {
            let installed = install(machine, place, &plan, &mut |event| {
                let _screen_gone = sender.send(News::Event(event));
            });
            match installed {
                Ok(()) => Vec::new(),
                Err(reason) => vec![News::Event(Event::Failed { reason })],
            }
        });
    }
}

fn look(machine: &dyn Machine, place: &Place) -> Result<Found, Trouble> {
    let session = Session::open(machine, place).map_err(|error| Trouble {
        reason: chain(&error),
        age: error.is_age(),
    })?;
    let version = session.release.manifest().version().to_string();
    Ok(Found {
        version,
        candidates: session.candidates,
        setup_mode: place.setup_mode,
    })
}

fn plan(machine: &dyn Machine, place: &Place, disk: &str) -> Result<Box<Plan>, String> {
    let session = Session::open(machine, place).map_err(|error| chain(&error))?;
    session
        .plan_by_name(disk, None)
        .map(Box::new)
        .map_err(|error| chain(&error))
}

fn install(
    machine: &dyn Machine,
    place: &Place,
    plan: &Plan,
    report: &mut dyn FnMut(Event),
) -> Result<(), String> {
    let lock = Lock::take(place).map_err(|error| chain(&error))?;
    let session = Session::open(machine, place).map_err(|error| chain(&error))?;
    session
        .execute(plan, &lock, report)
        .map_err(|error| chain(&error))
}
