//! What an unattended installation is told, and what an installed machine
//! knows about itself from the start.
//!
//! Both are TOML with a schema number, and an unknown key is an error: a
//! misspelt safety condition must not be ignored.

mod file;
mod site;
mod target;
#[cfg(test)]
mod tests;

pub use file::{Answers, AnswersError, Finish, Mode};
pub use site::{SiteConfig, SiteError, VolumeGroup};
pub use target::{DiskFacts, NoTarget, Target};

/// The label of a file system that brings answers.
pub const ANSWERS_LABEL: &str = "MEGHANSWERS";
/// The file with the answers on such a file system.
pub const ANSWERS_FILE: &str = "answers.toml";
/// The file with the answers at the root of the installation medium.
pub const MEDIUM_ANSWERS_FILE: &str = "meghos-answers.toml";
/// The file of [`SiteConfig`], in the root of the state partition.
pub const SITE_FILE: &str = "site.toml";
