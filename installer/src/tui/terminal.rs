//! The terminal: a screen, a serial line or an emulator, given back as it was.

use std::io::{self, IsTerminal, Stdout, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crossterm::event::{self, Event as TerminalEvent, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::{cursor, execute, terminal};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::state::Input;

/// A serial line does not tell its size; this is what everything fits into.
const SMALLEST: (u16, u16) = (80, 24);

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Lines and blocks.
    Graphic,
    /// Letters, digits and punctuation.
    Ascii,
}

impl Style {
    /// By `TERM`: real terminals and serial lines get ASCII.
    pub fn from_env() -> Self {
        Self::of_term(&std::env::var("TERM").unwrap_or_default())
    }

    pub(crate) fn of_term(term: &str) -> Self {
        let plain =
            term.is_empty() || term == "dumb" || term == "linux-serial" || term.starts_with("vt");
        if plain { Self::Ascii } else { Self::Graphic }
    }

    /// The border of a box.
    pub const fn border(self) -> border::Set<'static> {
        match self {
            Self::Graphic => border::PLAIN,
            Self::Ascii => border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: "-",
                horizontal_bottom: "-",
            },
        }
    }

    /// A text that others wrote, in characters that the terminal has.
    pub fn text(self, text: &str) -> String {
        match self {
            Self::Graphic => text.replace(char::is_control, "?"),
            Self::Ascii => text.replace(|c: char| !c.is_ascii() || c.is_control(), "?"),
        }
    }

    /// A bar of `width` cells, `done` of `total` filled.
    pub fn bar(self, done: u64, total: u64, width: usize) -> String {
        let (full, empty) = match self {
            Self::Graphic => ("█", "░"),
            Self::Ascii => ("#", "."),
        };
        let share = u128::from(done) * width as u128 / u128::from(total.max(1));
        let filled = usize::try_from(share).unwrap_or(width).min(width);
        full.repeat(filled) + &empty.repeat(width - filled)
    }
}

/// The terminal in raw mode; ends when dropped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    style: Style,
}

impl Screen {
    /// Takes the terminal over. Without one on the standard input there is
    /// nothing to take, and nobody to answer.
    pub fn open(style: Style) -> io::Result<Self> {
        if !io::stdin().is_terminal() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this needs a terminal on its standard input",
            ));
        }
        terminal::enable_raw_mode()?;
        let terminal = blank_terminal().inspect_err(|_| give_back())?;
        Ok(Self { terminal, style })
    }

    /// Wipes the screen, so that everything is drawn anew.
    pub fn clear(&mut self) -> io::Result<()> {
        self.terminal = blank_terminal()?;
        Ok(())
    }

    /// Draws what has changed.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>, Style)) -> io::Result<()> {
        let style = self.style;
        self.terminal.draw(|frame| draw(frame, style)).map(drop)
    }

    /// The next key, if one comes in time. A terminal that has gone away is an
    /// error: it would be "readable" for ever.
    pub fn key(&self, patience: Duration) -> io::Result<Option<Input>> {
        if !event::poll(Duration::ZERO)? {
            await_input(io::stdin().as_fd(), patience)?;
            if !event::poll(Duration::ZERO)? {
                return Ok(None);
            }
        }
        Ok(match event::read()? {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => {
                input(key.code, key.modifiers.contains(KeyModifiers::CONTROL))
            }
            TerminalEvent::Resize(..) => Some(Input::Redraw),
            _ => None,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Waits until there is something to read, a signal (a new size comes as one),
/// or for as long as `patience` lasts.
fn await_input(terminal: BorrowedFd<'_>, patience: Duration) -> io::Result<()> {
    let mut fds = [PollFd::new(terminal, PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    match poll(&mut fds, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    match fds[0].revents() {
        Some(events) if events.intersects(gone) => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the terminal has gone away",
        )),
        _ => Ok(()),
    }
}

/// A wiped terminal. The library's own way to wipe asks the terminal for the
/// position of its cursor, and a serial line with nobody at it never answers.
fn blank_terminal() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    let clear = terminal::Clear(terminal::ClearType::All);
    execute!(io::stdout(), clear, cursor::Hide, cursor::MoveTo(0, 0))?;
    let (width, height) = match terminal::size() {
        Ok((width, height)) if width > 0 && height > 0 => (width, height),
        _ => SMALLEST,
    };
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    Terminal::with_options(
        CrosstermBackend::new(io::stdout()),
        TerminalOptions { viewport },
    )
}

fn give_back() {
    let _as_far_as_possible = terminal::disable_raw_mode();
    let _as_far_as_possible = execute!(io::stdout(), cursor::Show);
    let _as_far_as_possible = writeln!(io::stdout());
}

fn input(code: KeyCode, control: bool) -> Option<Input> {
    Some(match (code, control) {
        (KeyCode::Char('l'), true) => Input::Redraw,
        (KeyCode::Char('j' | 'm'), true) | (KeyCode::Enter, _) => Input::Enter,
        (KeyCode::Char('h'), true) | (KeyCode::Backspace | KeyCode::Delete, _) => Input::Erase,
        (KeyCode::Char(_), true) => return None,
        (KeyCode::Up | KeyCode::BackTab, _) => Input::Up,
        (KeyCode::Down | KeyCode::Tab, _) => Input::Down,
        (KeyCode::Esc, _) => Input::Back,
        (KeyCode::Char(character), false) => Input::Character(character),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use nix::pty::openpty;

    use super::*;

    #[test]
    fn a_terminal_that_has_gone_away_is_an_error_and_not_a_key() {
        let pty = openpty(None, None).unwrap();
        assert!(await_input(pty.slave.as_fd(), Duration::ZERO).is_ok());
        drop(pty.master);
        let error = await_input(pty.slave.as_fd(), Duration::from_secs(9)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
