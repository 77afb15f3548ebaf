//! Ending the work of this machine.

use crate::Machine;
use crate::command::{Cmd, CommandError};

/// Switches the machine off, in order.
pub fn power_off(machine: &dyn Machine) -> Result<(), CommandError> {
    machine
        .run(&Cmd::new("systemctl").args(["--no-block", "poweroff"]))
        .map(drop)
}

/// Restarts the machine, in order.
pub fn reboot(machine: &dyn Machine) -> Result<(), CommandError> {
    machine
        .run(&Cmd::new("systemctl").args(["--no-block", "reboot"]))
        .map(drop)
}
