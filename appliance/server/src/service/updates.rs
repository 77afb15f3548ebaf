//! Updates of the appliance's own system.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use megh_api_types::{
    ProblemCode, StageRequest, SystemUpdate, TrialJournal, UpdateSettings, UpdateTaskKind,
};
use megh_model::update::{SettingsError, TRIAL_JOURNAL_FILE};

use super::Caller;
use crate::app::App;
use crate::fault::Fault;
use crate::updates::{Busy, UpdaterError, model_settings, view};

/// Most bytes of a journal that are told: its end.
const MAX_JOURNAL: u64 = 1 << 20;
/// Longest version and source.
const MAX_VERSION: usize = 64;
const MAX_SOURCE: usize = 1024;

/// Everything, as the updater tells it.
pub(crate) async fn status(app: &App) -> Result<SystemUpdate, Fault> {
    // The command first: whoever reads that it has ended reads what it has led to.
    let (task, progress) = app.updates.task();
    let report = app.updates.status().await.map_err(updater_fault)?;
    Ok(view(report, task, progress))
}

/// Looks for newer releases.
pub(crate) async fn check(app: &App, caller: &Caller) -> Result<SystemUpdate, Fault> {
    begin(app, caller, UpdateTaskKind::Check, Vec::new()).await
}

/// Puts a release into the other slot.
pub(crate) async fn stage(
    app: &App,
    caller: &Caller,
    request: StageRequest,
) -> Result<SystemUpdate, Fault> {
    begin(app, caller, UpdateTaskKind::Stage, stage_words(request)?).await
}

/// Restarts into the release that lies ready.
pub(crate) async fn apply(app: &App, caller: &Caller) -> Result<SystemUpdate, Fault> {
    let report = app.updates.status().await.map_err(updater_fault)?;
    if report.staged.is_none() {
        return Err(Fault::new(
            ProblemCode::NothingStaged,
            "No release lies ready in the other slot.",
        ));
    }
    begin(app, caller, UpdateTaskKind::Apply, Vec::new()).await
}

/// Restarts into the version that ran before.
pub(crate) async fn rollback(app: &App, caller: &Caller) -> Result<SystemUpdate, Fault> {
    let report = app.updates.status().await.map_err(updater_fault)?;
    if report.way_back().is_none() {
        return Err(Fault::new(
            ProblemCode::NoWayBack,
            "The other slot holds no version that has done its job.",
        ));
    }
    begin(app, caller, UpdateTaskKind::Rollback, Vec::new()).await
}

/// Keeps other settings.
pub(crate) async fn set(
    app: &App,
    caller: &Caller,
    settings: UpdateSettings,
) -> Result<UpdateSettings, Fault> {
    let wanted = model_settings(settings.clone());
    wanted.check().map_err(settings_fault)?;
    let user = &caller.session.user.name;
    tracing::info!(user, ?settings, "the settings of updates are changed");
    app.updates.set(wanted).await.map_err(updater_fault)?;
    Ok(settings)
}

/// The journal of the start that failed.
pub(crate) async fn journal(app: &App) -> Result<TrialJournal, Fault> {
    let report = app.updates.status().await.map_err(updater_fault)?;
    let absent = || {
        Fault::new(
            ProblemCode::NotFound,
            "There is no journal of a failed start.",
        )
    };
    let last = report.last_trial.filter(|last| last.journal);
    let version = last.ok_or_else(absent)?.version;
    let path = app.settings.update_dir.join(TRIAL_JOURNAL_FILE);
    let read = tokio::task::spawn_blocking(move || read_end(&path, MAX_JOURNAL))
        .await
        .map_err(Fault::internal)?;
    match read {
        Ok((text, truncated)) => Ok(TrialJournal {
            version,
            text,
            truncated,
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(absent()),
        Err(error) => Err(Fault::internal(error)),
    }
}

async fn begin(
    app: &App,
    caller: &Caller,
    kind: UpdateTaskKind,
    words: Vec<String>,
) -> Result<SystemUpdate, Fault> {
    let user = &caller.session.user.name;
    tracing::info!(user, ?kind, ?words, "the updater is asked");
    let begun = app.updates.begin(kind, words, &app.clock).await;
    begun.map_err(|Busy(other)| {
        let other = format!("{other:?}").to_lowercase();
        Fault::new(
            ProblemCode::UpdateUnderWay,
            format!("The updater is at work already: {other}."),
        )
    })?;
    status(app).await
}

/// The command line of a staging. What could be taken for an option is refused.
fn stage_words(request: StageRequest) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    if let Some(version) = request.version {
        let fine = |c: char| c.is_ascii_alphanumeric() || ".+~-".contains(c);
        let begins = version.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || version.len() > MAX_VERSION || !version.chars().all(fine) {
            return Err(Fault::field("version", "is no version"));
        }
        words.push(version);
    }
    if let Some(source) = request.source {
        let known = ["http://", "https://", "/"];
        let place = known.iter().any(|start| source.starts_with(start));
        let printable = source.chars().all(|c| !c.is_control() && c != ' ');
        if !place || !printable || source.len() > MAX_SOURCE {
            let message = "must be an address, http://… or https://…, or a path, /…";
            return Err(Fault::field("source", message));
        }
        words.extend(["--from".to_owned(), source]);
    }
    if request.allow_expired {
        words.push("--allow-expired".to_owned());
    }
    Ok(words)
}

fn settings_fault(error: SettingsError) -> Fault {
    let field = match error {
        SettingsError::Source(_) => "source",
        SettingsError::Channel(_) => "channel",
        SettingsError::Minute(_) => "window",
        SettingsError::Bandwidth(_) => "bandwidth",
    };
    Fault::field(field, error.to_string())
}

/// The updater's own words; its hint is better advice than the code's.
fn updater_fault(error: UpdaterError) -> Fault {
    tracing::warn!(%error, "the updater failed");
    let detail = format!("The updater failed ({}): {}", error.code, error.message);
    let fault = Fault::new(ProblemCode::UpdaterFailed, detail);
    match error.hint {
        Some(hint) => fault.with_remedy(hint),
        None => fault,
    }
}

/// The end of a file, whole lines of it, and whether its beginning was left out.
fn read_end(path: &Path, most: u64) -> std::io::Result<(String, bool)> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    let left_out = length.saturating_sub(most);
    file.seek(SeekFrom::Start(left_out))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let text = match text.split_once('\n').filter(|_| left_out > 0) {
        Some((_half, whole)) => whole.to_owned(),
        None => text,
    };
    Ok((text, left_out > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_becomes_an_option() {
        let words = |version: Option<&str>, source: Option<&str>| {
            stage_words(StageRequest {
                version: version.map(str::to_owned),
                source: source.map(str::to_owned),
                allow_expired: true,
            })
        };
        assert_eq!(
            words(Some("1.2.0-rc1"), Some("/dev/sdb1")).expect("fine"),
            ["1.2.0-rc1", "--from", "/dev/sdb1", "--allow-expired"]
        );
        for version in ["--no-restart", "", "-1", "1 2", "1/2", &"1".repeat(65)] {
            assert!(words(Some(version), None).is_err(), "{version}");
        }
        for source in ["--x", "ftp://x", "", "sda", "http://a b", "/dev/\n"] {
            assert!(words(None, Some(source)).is_err(), "{source}");
        }
    }

    #[test]
    fn of_a_long_journal_the_end_is_told() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("journal");
        std::fs::write(&path, "one\ntwo\nthree\n").expect("written");
        assert_eq!(
            read_end(&path, 100).expect("read"),
            ("one\ntwo\nthree\n".to_owned(), false)
        );
        assert_eq!(
            read_end(&path, 8).expect("read"),
            ("three\n".to_owned(), true)
        );
    }
}
