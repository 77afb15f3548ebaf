//! Running `megh-update`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use megh_api_types::UpdateTaskKind;
use megh_host::command::{Cmd, CommandError, Line, Output};
use megh_model::update::{Progress, Settings, StatusReport};

use super::answer::{Printed, refusal};

/// How long commands may take before they are killed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Status and settings.
    pub short: Duration,
    /// A look for newer releases, applying and rolling back.
    pub middle: Duration,
    /// Staging. The updater has limits of its own for servers that stall.
    pub long: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            short: Duration::from_secs(30),
            middle: Duration::from_secs(15 * 60),
            long: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Why the updater did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct UpdaterError {
    /// Stable code, the updater's own or `updater-broken`.
    pub(crate) code: String,
    /// What failed.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl UpdaterError {
    /// The program is missing, hangs, crashes or says nothing that is understood.
    fn broken(message: impl Into<String>) -> Self {
        Self {
            code: "updater-broken".to_owned(),
            message: message.into(),
            hint: Some("Look for `megh-update` in the appliance's journal.".to_owned()),
        }
    }

    /// Waiting for the program failed.
    pub(crate) fn lost(cause: impl std::fmt::Display) -> Self {
        Self::broken(format!("the updater was lost: {cause}"))
    }
}

impl From<CommandError> for UpdaterError {
    fn from(error: CommandError) -> Self {
        Self::broken(crate::app::Chain(&error).to_string())
    }
}

/// The updater.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    limits: Limits,
    launcher: Option<PathBuf>,
}

impl Program {
    /// The program at a path.
    pub fn new(path: &Path, limits: Limits) -> Self {
        Self {
            path: path.to_owned(),
            limits,
            launcher: None,
        }
    }

    /// Stagings are units of their own, started by the program at `launcher`
    /// (`systemd-run(1)`): what was fetched for hours does not end with the
    /// daemon. A daemon that starts anew finds how far they are in the status.
    pub fn launched_by(mut self, launcher: &Path) -> Self {
        self.launcher = Some(launcher.to_owned());
        self
    }

    /// Asks for everything that it knows.
    pub(super) fn status(&self) -> Result<StatusReport, UpdaterError> {
        let command = self.command("status").timeout(self.limits.short);
        let output = command.output()?;
        if output.exit.is_success() {
            return serde_json::from_slice(&output.stdout).map_err(|error| {
                UpdaterError::broken(format!("the updater's status cannot be read: {error}"))
            });
        }
        Err(failure(&output))
    }

    /// Hands over other settings, all of them, through standard input.
    pub(super) fn set(&self, settings: &Settings) -> Result<(), UpdaterError> {
        let text = serde_json::to_vec(settings).map_err(UpdaterError::lost)?;
        let command = self.command("settings").arg("set").stdin(text);
        let output = command.timeout(self.limits.short).output()?;
        match output.exit.is_success() {
            true => Ok(()),
            false => Err(failure(&output)),
        }
    }

    /// Runs a long command to its end, telling how far it is.
    pub(super) fn run(
        &self,
        kind: UpdateTaskKind,
        words: &[String],
        mut each: impl FnMut(Progress),
    ) -> Result<(), UpdaterError> {
        let (name, limit) = match kind {
            UpdateTaskKind::Check => ("check", self.limits.middle),
            UpdateTaskKind::Stage => ("stage", self.limits.long),
            UpdateTaskKind::Apply => ("apply", self.limits.middle),
            UpdateTaskKind::Rollback => ("rollback", self.limits.middle),
        };
        let mut end = None;
        let command = match (&self.launcher, kind) {
            (Some(launcher), UpdateTaskKind::Stage) => self.apart(launcher, name, limit),
            _ => self.command(name),
        };
        let command = command.args(words).timeout(limit);
        let ran = command.lines(|line| match line {
            Line::Out(line) => match Printed::read(line) {
                Printed::Progress(progress) => each(progress),
                Printed::End(outcome) => end = Some(outcome),
                Printed::Noise => tracing::debug!(line, "the updater prints something else"),
            },
            Line::Err(line) => tracing::info!(line, "megh-update"),
        });
        match (ran, end) {
            (_, Some(Err(error))) => Err(error),
            (Ok(_), Some(Ok(()))) => Ok(()),
            (Ok(_), None) => Err(UpdaterError::broken(
                "the updater ended without telling how it ended",
            )),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// The same as [`Self::command`], outside of the daemon's unit.
    fn apart(&self, launcher: &Path, name: &str, limit: Duration) -> Cmd {
        Cmd::new(launcher)
            .args(["--quiet", "--collect", "--pipe", "--wait"])
            .arg("--description=MeghOS: a release is staged")
            .arg(format!("--property=RuntimeMaxSec={}s", limit.as_secs()))
            .arg("--")
            .arg(&self.path)
            .arg(name)
            .arg("--json")
    }

    fn command(&self, name: &str) -> Cmd {
        Cmd::new(&self.path).arg(name).arg("--json")
    }
}

/// What a run that ended with another status than 0 tells.
fn failure(output: &Output) -> UpdaterError {
    let stdout = output.text();
    refusal(&stdout).unwrap_or_else(|| {
        let said = output.stderr.trim();
        let said = if said.is_empty() { "nothing" } else { said };
        UpdaterError::broken(format!(
            "the updater ended with {} and said: {said}",
            output.exit
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(path: &Path, text: &str) {
        fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_staging_is_launched_apart_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let (launcher, updater) = (dir.path().join("launch"), dir.path().join("updater"));
        let note = dir.path().join("launched");
        script(
            &launcher,
            &format!(
                "echo \"$*\" >>{}\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"",
                note.display()
            ),
        );
        script(&updater, "echo '{\"ok\":true}'");
        let program = Program::new(&updater, Limits::default()).launched_by(&launcher);
        let run = |kind, words: &[String]| program.run(kind, words, |_| ());
        run(UpdateTaskKind::Check, &[]).unwrap();
        assert!(!note.exists());
        run(UpdateTaskKind::Stage, &["1.2.0".to_owned()]).unwrap();
        let launched = fs::read_to_string(note).unwrap();
        let wanted = format!("-- {} stage --json 1.2.0\n", updater.display());
        assert!(launched.ends_with(&wanted), "{launched}");
        assert!(launched.contains("--pipe --wait"), "{launched}");
    }
}
