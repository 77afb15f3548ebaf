//! What the dialogue knows, and how it goes on.

mod enrol;

use super::{Found, Trouble};
use crate::candidates::Candidate;
use crate::plan::Plan;
use crate::progress::{Event, Phase};
pub use enrol::Enrol;

/// Everything that can happen to the dialogue.
#[derive(PartialEq)]
pub enum Input {
    /// A character was typed.
    Character(char),
    /// The last character is taken back.
    Erase,
    /// One up.
    Up,
    /// One down.
    Down,
    /// Go on.
    Enter,
    /// Go back.
    Back,
    /// Draw everything anew.
    Redraw,
    /// Release and disks were looked at.
    Found(Result<Found, Trouble>),
    /// A plan was made, or cannot be.
    Planned(Result<Box<Plan>, String>),
    /// The installation reports.
    Event(Event),
}

/// Everything that the dialogue can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Look at release and disks.
    Look,
    /// Look again, and take the release however old it is.
    AcceptAge,
    /// Plan for the disk of this name.
    Plan(String),
    /// Carry out this plan.
    Install(Box<Plan>),
    /// Restart the machine.
    Restart,
    /// Switch the machine off.
    PowerOff,
}

/// Where the dialogue is.
pub enum State {
    /// Release and disks are being looked at.
    Looking,
    /// A disk is being chosen.
    Disks(Disks),
    /// Firmware in setup mode: whether it gets keys is being chosen.
    Enrol(Enrol),
    /// The plan is shown and waits for confirmation.
    Confirm(Confirm),
    /// The installation runs.
    Running(Running),
    /// The disk starts.
    Done {
        /// The version on it.
        version: String,
        /// How long it took.
        seconds: u64,
        /// What did not stop it.
        warnings: Vec<String>,
    },
    /// It did not work.
    Failed {
        /// Why.
        reason: String,
        /// Whether the disk was written to before.
        wiped: bool,
        /// Whether only the release's age speaks against it.
        age: bool,
    },
}

/// The list of disks.
pub struct Disks {
    /// The version that can be installed.
    pub version: String,
    /// The disks.
    pub candidates: Vec<Candidate>,
    /// Which one is marked.
    pub selected: usize,
    /// Why it did not go on.
    pub message: Option<String>,
    /// Whether the firmware takes Secure Boot keys.
    pub setup_mode: bool,
    /// Whether it is to get them, as far as that was answered.
    pub enrol: bool,
}

/// The plan, and what was typed below it.
pub struct Confirm {
    /// What will be done.
    pub plan: Box<Plan>,
    /// What was typed so far.
    pub typed: String,
    /// Whether the last attempt was wrong.
    pub wrong: bool,
    back: Disks,
}

/// How far the installation is.
pub struct Running {
    /// What is being installed where.
    pub plan: Box<Plan>,
    /// The last report.
    pub progress: Option<(Phase, u64, u64, u64, Option<u64>)>,
    /// What did not stop it.
    pub warnings: Vec<String>,
}

impl State {
    /// The beginning.
    pub const fn looking() -> Self {
        Self::Looking
    }

    /// Takes one input; what is to be done comes back.
    pub fn update(&mut self, input: Input) -> Option<Action> {
        let (next, action) = std::mem::replace(self, Self::Looking).step(input);
        *self = next;
        action
    }

    fn step(self, input: Input) -> (Self, Option<Action>) {
        match self {
            Self::Looking => looking(input),
            Self::Disks(disks) => disks.step(input),
            Self::Enrol(enrol) => enrol.step(input),
            Self::Confirm(confirm) => confirm.step(input),
            Self::Running(running) => running.step(input),
            Self::Done { .. } => match input {
                Input::Enter => (self, Some(Action::Restart)),
                Input::Character('p' | 'P') => (self, Some(Action::PowerOff)),
                _ => (self, None),
            },
            Self::Failed { age, .. } => match input {
                Input::Character('a' | 'A') if age => (Self::Looking, Some(Action::AcceptAge)),
                Input::Enter => (Self::Looking, Some(Action::Look)),
                Input::Character('r' | 'R') => (self, Some(Action::Restart)),
                Input::Character('p' | 'P') => (self, Some(Action::PowerOff)),
                _ => (self, None),
            },
        }
    }
}

fn looking(input: Input) -> (State, Option<Action>) {
    match input {
        Input::Found(Ok(Found {
            version,
            candidates,
            setup_mode,
        })) => {
            let selected = candidates
                .iter()
                .position(|c| c.verdict.is_ok())
                .unwrap_or(0);
            (
                State::Disks(Disks {
                    version,
                    candidates,
                    selected,
                    message: None,
                    setup_mode,
                    enrol: false,
                }),
                None,
            )
        }
        Input::Found(Err(Trouble { reason, age })) => (
            State::Failed {
                reason,
                wiped: false,
                age,
            },
            None,
        ),
        _ => (State::Looking, None),
    }
}

impl Disks {
    fn step(mut self, input: Input) -> (State, Option<Action>) {
        let last = self.candidates.len().saturating_sub(1);
        match input {
            Input::Up => self.mark(self.selected.saturating_sub(1)),
            Input::Down => self.mark((self.selected + 1).min(last)),
            Input::Character('r' | 'R') => return (State::Looking, Some(Action::Look)),
            Input::Enter => return self.choose(),
            Input::Planned(Ok(plan)) if self.setup_mode => {
                return (State::Enrol(Enrol { plan, disks: self }), None);
            }
            Input::Planned(Ok(plan)) => return (Confirm::ask(plan, self), None),
            Input::Planned(Err(reason)) => self.message = Some(reason),
            _ => {}
        }
        (State::Disks(self), None)
    }

    fn mark(&mut self, disk: usize) {
        self.selected = disk;
        self.message = None;
    }

    fn choose(mut self) -> (State, Option<Action>) {
        let action = match self.candidates.get(self.selected) {
            None => None,
            Some(Candidate {
                disk,
                verdict: Ok(_),
            }) => Some(Action::Plan(disk.name.clone())),
            Some(Candidate {
                disk,
                verdict: Err(refusal),
            }) => {
                self.message = Some(format!("{} cannot be used: {refusal}", disk.name));
                None
            }
        };
        (State::Disks(self), action)
    }
}

impl Confirm {
    const fn ask(plan: Box<Plan>, back: Disks) -> State {
        State::Confirm(Self {
            plan,
            typed: String::new(),
            wrong: false,
            back,
        })
    }

    fn go_back(self) -> State {
        match self.back.setup_mode {
            true => State::Enrol(Enrol {
                plan: self.plan,
                disks: self.back,
            }),
            false => State::Disks(self.back),
        }
    }

    fn step(mut self, input: Input) -> (State, Option<Action>) {
        let room = self.plan.confirmation.chars().count();
        match input {
            Input::Back => return (self.go_back(), None),
            Input::Erase => drop(self.typed.pop()),
            Input::Character(character) if self.typed.chars().count() < room => {
                self.typed.push(character);
                self.wrong = false;
            }
            Input::Enter if self.typed.eq_ignore_ascii_case(&self.plan.confirmation) => {
                let plan = self.plan.clone();
                let running = Running {
                    plan: self.plan,
                    progress: None,
                    warnings: Vec::new(),
                };
                return (State::Running(running), Some(Action::Install(plan)));
            }
            Input::Enter => {
                self.wrong = true;
                self.typed.clear();
            }
            _ => {}
        }
        (State::Confirm(self), None)
    }
}

impl Running {
    fn step(mut self, input: Input) -> (State, Option<Action>) {
        match input {
            Input::Event(Event::Progress {
                phase,
                bytes,
                total,
                rate,
                eta,
            }) => {
                self.progress = Some((phase, bytes, total, rate, eta));
            }
            Input::Event(Event::Warning { message }) => self.warnings.push(message),
            Input::Event(Event::Done { version, seconds }) => {
                let warnings = self.warnings;
                let done = State::Done {
                    version,
                    seconds,
                    warnings,
                };
                return (done, None);
            }
            Input::Event(Event::Failed { reason }) => {
                let wiped = self
                    .progress
                    .is_some_and(|(phase, ..)| phase > Phase::Verify);
                let age = false;
                return (State::Failed { reason, wiped, age }, None);
            }
            _ => {}
        }
        (State::Running(self), None)
    }
}
