//! Asking a person: which disk, and really. State changes in one place
//! ([`state`]), drawing reads it ([`draw`]), and only this runner acts.

pub mod draw;
#[cfg(test)]
pub(crate) mod snapshot;
pub mod state;
pub mod terminal;
#[cfg(test)]
mod tests;

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use anyhow::Result;
use megh_host::command::Cmd;
use megh_host::{Machine, power};

use crate::candidates::Candidate;
use crate::place::Place;
use crate::plan::Plan;
use crate::progress::Event;
use crate::session::{Lock, Session, chain};
use state::{Action, Input, State};
use terminal::{Screen, Style};

/// How often the screen looks for news.
const TICK: Duration = Duration::from_millis(200);

/// What work in the background tells the screen.
enum News {
    Found(Result<Found, String>),
    Planned(Result<Box<Plan>, String>),
    Event(Event),
}

/// What was found when looking around.
pub struct Found {
    /// The version that can be installed.
    pub version: String,
    /// The disks.
    pub candidates: Vec<Candidate>,
}

/// Runs the dialogue on this terminal until the machine goes down.
pub fn run(machine: &'static (dyn Machine + 'static), place: &Place) -> Result<()> {
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
    loop {
        screen.draw(|frame, style| draw::draw(&state, style, frame))?;
        for input in wait(&screen, &news)? {
            if input == Input::Redraw {
                screen.clear()?;
            }
            if let Some(action) = state.update(input) {
                worker.act(action)?;
            }
        }
    }
}

/// News and keys of one tick.
fn wait(screen: &Screen, news: &Receiver<News>) -> Result<Vec<Input>> {
    let mut inputs: Vec<Input> = screen.key(TICK)?.into_iter().collect();
    inputs.extend(news.try_iter().map(|news| match news {
        News::Found(found) => Input::Found(found),
        News::Planned(plan) => Input::Planned(plan),
        News::Event(event) => Input::Event(event),
    }));
    Ok(inputs)
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
            Action::Look => self.spawn(|machine, place| vec![News::Found(look(machine, place))]),
            Action::Plan(disk) => {
                self.spawn(move |machine, place| vec![News::Planned(plan(machine, place, &disk))]);
            }
            Action::Install(plan) => self.install(*plan),
        }
        Ok(())
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

fn look(machine: &dyn Machine, place: &Place) -> Result<Found, String> {
    let session = Session::open(machine, place).map_err(|error| chain(&error))?;
    let version = session.release.manifest().version().to_string();
    Ok(Found {
        version,
        candidates: session.candidates,
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
