//! Whether the instances that ran before the machine started run again.

use std::io;
use std::path::Path;

use megh_api_types::DesiredState;
use megh_model::update::GatePart;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::files;
use crate::rows;
use crate::rows::instances::{InstanceRow, Observed};

/// Most names in one sentence.
const NAMED: usize = 5;

/// The instances that were to run when the first daemon of this boot of the
/// host started. Kept in a file that a restart of the machine removes, because
/// a start that fails changes what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RanBefore {
    /// The boot of the host.
    pub host_boot: String,
    /// The instances.
    pub instances: Vec<Uuid>,
}

impl RanBefore {
    /// Name of the file in the run directory.
    pub const FILE: &str = "instances-before.json";

    /// What an earlier daemon of this boot has noted.
    pub(crate) fn read(run_dir: &Path, host_boot: &str) -> Option<Self> {
        let text = std::fs::read(run_dir.join(Self::FILE)).ok()?;
        let noted: Self = serde_json::from_slice(&text).ok()?;
        (noted.host_boot == host_boot).then_some(noted)
    }

    /// What is to run by the rows.
    pub(crate) fn of(rows: &[InstanceRow], host_boot: &str) -> Self {
        let wanted = |row: &&InstanceRow| row.made && row.desired == DesiredState::Running;
        Self {
            host_boot: host_boot.to_owned(),
            instances: rows.iter().filter(wanted).map(|row| row.id).collect(),
        }
    }

    /// Notes it for the next daemon of this boot.
    pub(crate) fn write(&self, run_dir: &Path) -> io::Result<()> {
        files::replace(&run_dir.join(Self::FILE), 0o600, &serde_json::to_vec(self)?)
    }
}

/// How far the instances are.
pub(super) async fn instances(app: &App) -> GatePart {
    match app.read(|query| rows::instances::all(query)).await {
        Ok(rows) => judge(&app.ran_before, &rows),
        Err(fault) => GatePart::failed(fault.detail),
    }
}

/// How one instance that ran before is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now<'a> {
    /// It runs, or somebody has stopped or deleted it since.
    Well,
    /// It is being started, or will be.
    Starting,
    /// It does not run, and why.
    Failed(&'a str),
}

fn now<'a>(row: &'a InstanceRow, host_boot: &str) -> Now<'a> {
    let seen = row.observed_boot.as_deref() == Some(host_boot);
    match (row.desired, row.error.as_deref()) {
        _ if row.observed == Observed::Running && seen => Now::Well,
        (DesiredState::Running, _) => Now::Starting,
        (DesiredState::Stopped, Some(error)) if row.under_way.is_none() => Now::Failed(error),
        (DesiredState::Stopped, _) => Now::Well,
    }
}

fn judge(before: &RanBefore, rows: &[InstanceRow]) -> GatePart {
    let (mut starting, mut failed) = (Vec::new(), Vec::new());
    for row in rows.iter().filter(|row| before.instances.contains(&row.id)) {
        match now(row, &before.host_boot) {
            Now::Well => {}
            Now::Starting => starting.push(row.name.clone()),
            Now::Failed(error) => failed.push(format!("{} ({error})", row.name)),
        }
    }
    let count = before.instances.len();
    if !failed.is_empty() {
        GatePart::failed(format!("do not run again: {}", sentence(&failed)))
    } else if !starting.is_empty() {
        GatePart::starting(format!("are still starting: {}", sentence(&starting)))
    } else {
        GatePart::passed(format!("{count} ran before, all of them run again"))
    }
}

fn sentence(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use megh_api_types::{Firmware, OperationKind};
    use megh_model::update::GateState;

    use super::*;

    fn row(number: u128) -> InstanceRow {
        InstanceRow {
            id: Uuid::from_u128(number),
            project: Uuid::nil(),
            name: format!("vm{number}"),
            image: None,
            volume: Uuid::from_u128(number),
            vcpus: 1,
            memory: 1 << 30,
            disk: 1 << 30,
            firmware: Firmware::Uefi,
            made: true,
            desired: DesiredState::Running,
            observed: Observed::Running,
            observed_boot: Some("before".to_owned()),
            error: None,
            created_at: 0,
            under_way: None,
        }
    }

    fn state(change: impl Fn(&mut InstanceRow)) -> GatePart {
        let before = RanBefore::of(&[row(1)], "now");
        let mut rows = vec![row(1)];
        change(&mut rows[0]);
        judge(&before, &rows)
    }

    #[test]
    fn only_what_runs_in_this_boot_runs() {
        assert_eq!(state(|_| {}).state, GateState::Starting);
        let runs = state(|row| row.observed_boot = Some("now".to_owned()));
        assert!(runs.ok, "{runs:?}");
    }

    #[test]
    fn a_start_that_failed_is_told_from_one_under_way() {
        let under_way = state(|row| row.under_way = Some(OperationKind::InstanceStart));
        assert_eq!(under_way.state, GateState::Starting);
        let failed = state(|row| {
            row.desired = DesiredState::Stopped;
            row.observed = Observed::Stopped;
            row.error = Some("no disk".to_owned());
        });
        assert_eq!(failed.state, GateState::Failed);
        assert_eq!(failed.detail, "do not run again: vm1 (no disk)");
    }

    #[test]
    fn what_a_person_stopped_or_deleted_is_not_missed() {
        let stopped = state(|row| {
            row.desired = DesiredState::Stopped;
            row.observed = Observed::Stopped;
        });
        assert!(stopped.ok, "{stopped:?}");
        let before = RanBefore::of(&[row(1)], "now");
        assert!(judge(&before, &[]).ok);
        // What was made since the start does not count either way.
        assert!(judge(&before, &[row(2)]).ok);
    }

    #[test]
    fn the_note_counts_for_its_boot_only() {
        let home = tempfile::tempdir().expect("a directory");
        let noted = RanBefore::of(&[row(1)], "now");
        noted.write(home.path()).expect("written");
        assert_eq!(RanBefore::read(home.path(), "now"), Some(noted));
        assert_eq!(RanBefore::read(home.path(), "later"), None);
        std::fs::write(home.path().join(RanBefore::FILE), "garbage").expect("written");
        assert_eq!(RanBefore::read(home.path(), "now"), None);
    }
}
