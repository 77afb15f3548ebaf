//! From a started medium to an installed disk.
//!
//! The order of things: [`release`] is opened and its signature checked,
//! [`candidates`] says which disks will do and why others will not, [`plan`]
//! decides everything, [`execute`] carries it out and reports [`progress`].
//! [`tui`] and [`auto`] are two ways to the same plan. [`console`] is the screen
//! of the installed machine, which shares the widgets.

pub mod answers;
pub mod auto;
pub mod candidates;
pub mod cli;
pub mod console;
pub mod execute;
pub mod place;
pub mod plan;
pub mod progress;
pub mod release;
pub mod session;
#[cfg(test)]
mod testing;
pub mod tui;
