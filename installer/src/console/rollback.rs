//! Going back to the other version: the updater does it.

use std::time::Duration;

use megh_host::Machine;
use megh_host::command::{Cmd, CommandError};

/// The updater.
const PROGRAM: &str = "/usr/bin/megh-update";
/// It writes a few kilobytes and asks for the restart.
const PATIENCE: Duration = Duration::from_secs(300);

/// Goes back; an error says why not, in the updater's own words.
pub fn roll_back(machine: &dyn Machine) -> Result<(), String> {
    let command = Cmd::new(PROGRAM).arg("rollback").timeout(PATIENCE);
    let Err(error) = machine.run(&command) else {
        return Ok(());
    };
    Err(match error {
        CommandError::Failed { stderr, .. } if !stderr.trim().is_empty() => stderr,
        other => other.to_string(),
    })
}
