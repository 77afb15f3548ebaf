//! Instances.

use megh_api_types::{DesiredState, Firmware, Instance, InstanceStatus, OperationKind, UnixMillis};
use megh_store::{Query, Row, SqlError, Tx};
use uuid::Uuid;

use super::text::Text;
use super::{integer, size};

/// What the hypervisor said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// The guest runs.
    Running,
    /// It does not.
    Stopped,
}

/// An instance as it is kept.
#[derive(Debug, Clone)]
pub struct InstanceRow {
    /// Its id, also the virtual machine's.
    pub id: Uuid,
    /// The project it belongs to.
    pub project: Uuid,
    /// Its name.
    pub name: String,
    /// The image its disk was copied from.
    pub image: Option<Uuid>,
    /// The volume that is its root disk.
    pub volume: Uuid,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory in bytes.
    pub memory: u64,
    /// Size of the root disk in bytes.
    pub disk: u64,
    /// Firmware.
    pub firmware: Firmware,
    /// Whether volume and definition have been made.
    pub made: bool,
    /// What its owner wants.
    pub desired: DesiredState,
    /// What the hypervisor said last.
    pub observed: Observed,
    /// The host's boot in which it was last seen running.
    pub observed_boot: Option<String>,
    /// Why the last operation failed.
    pub error: Option<String>,
    /// When it was created.
    pub created_at: UnixMillis,
    /// The operation under way.
    pub under_way: Option<OperationKind>,
}

impl InstanceRow {
    fn status(&self) -> InstanceStatus {
        match (self.under_way, self.observed) {
            (Some(OperationKind::InstanceCreate), _) => InstanceStatus::Creating,
            (Some(OperationKind::InstanceStart), _) => InstanceStatus::Starting,
            (Some(OperationKind::InstanceStop), _) => InstanceStatus::Stopping,
            (Some(OperationKind::InstanceDelete), _) => InstanceStatus::Deleting,
            (_, Observed::Running) => InstanceStatus::Running,
            (_, Observed::Stopped) if self.error.is_some() => InstanceStatus::Failed,
            (_, Observed::Stopped) => InstanceStatus::Stopped,
        }
    }
}

impl From<InstanceRow> for Instance {
    fn from(row: InstanceRow) -> Self {
        Self {
            status: row.status(),
            id: row.id,
            name: row.name,
            desired: row.desired,
            image: row.image,
            vcpus: row.vcpus,
            memory: row.memory,
            disk: row.disk,
            firmware: row.firmware,
            error: row.error,
            created_at: row.created_at,
        }
    }
}

const SELECT: &str = "SELECT i.*, (SELECT kind FROM operations o
    WHERE o.subject_id = i.id AND o.status = 'running') AS under_way FROM instances i";

/// The instance of this id or name.
pub(crate) fn find(
    query: &impl Query,
    project: Uuid,
    selector: &str,
) -> Result<Option<InstanceRow>, SqlError> {
    let sql = format!("{SELECT} WHERE i.project_id = ?1 AND (i.id = ?2 OR i.name = ?2)");
    query.query_opt(&sql, (project, selector), read)
}

/// The instance of this id, in whatever project.
pub(crate) fn get(query: &impl Query, id: Uuid) -> Result<Option<InstanceRow>, SqlError> {
    query.query_opt(&format!("{SELECT} WHERE i.id = ?1"), [id], read)
}

/// All instances of all projects.
pub(crate) fn all(query: &impl Query) -> Result<Vec<InstanceRow>, SqlError> {
    query.query(&format!("{SELECT} ORDER BY i.id"), (), read)
}

/// Instances of a project by name, from `after` on.
pub(crate) fn page(
    query: &impl Query,
    project: Uuid,
    after: &str,
    limit: u32,
) -> Result<Vec<InstanceRow>, SqlError> {
    let sql = format!("{SELECT} WHERE i.project_id = ?1 AND i.name > ?2 ORDER BY i.name LIMIT ?3");
    query.query(&sql, (project, after, limit), read)
}

/// Adds an instance that is yet to be made.
pub(crate) fn insert(tx: &Tx<'_>, row: &InstanceRow) -> Result<(), SqlError> {
    let sql = "INSERT INTO instances (id, project_id, name, image_id, volume_id, vcpus, memory, disk,
        firmware, desired, observed, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let firmware = row.firmware.text();
    let (memory, disk) = (integer(row.memory), integer(row.disk));
    let (desired, observed) = (row.desired.text(), row.observed.text());
    let name = row.name.as_str();
    let values = (
        row.id,
        row.project,
        name,
        row.image,
        row.volume,
        row.vcpus,
        memory,
        disk,
        firmware,
        desired,
        observed,
        row.created_at,
    );
    tx.execute(sql, values).map(drop)
}

/// Notes whether volume and definition exist.
pub(crate) fn set_made(tx: &Tx<'_>, id: Uuid, made: bool) -> Result<(), SqlError> {
    tx.execute("UPDATE instances SET made = ?2 WHERE id = ?1", (id, made))
        .map(drop)
}

/// Changes what it should be.
pub(crate) fn set_desired(tx: &Tx<'_>, id: Uuid, desired: DesiredState) -> Result<(), SqlError> {
    tx.execute(
        "UPDATE instances SET desired = ?2 WHERE id = ?1",
        (id, desired.text()),
    )
    .map(drop)
}

/// Notes what the hypervisor said, and in which boot of the host.
pub(crate) fn set_observed(
    tx: &Tx<'_>,
    id: Uuid,
    observed: Observed,
    boot: &str,
) -> Result<(), SqlError> {
    let boot = (observed == Observed::Running).then_some(boot);
    let sql = "UPDATE instances SET observed = ?2, observed_boot = coalesce(?3, observed_boot) WHERE id = ?1";
    tx.execute(sql, (id, observed.text(), boot)).map(drop)
}

/// Notes why the last operation failed, or that it did not.
pub(crate) fn set_error(tx: &Tx<'_>, id: Uuid, error: Option<&str>) -> Result<(), SqlError> {
    tx.execute("UPDATE instances SET error = ?2 WHERE id = ?1", (id, error))
        .map(drop)
}

/// Removes an instance.
pub(crate) fn delete(tx: &Tx<'_>, id: Uuid) -> Result<(), SqlError> {
    tx.execute("DELETE FROM instances WHERE id = ?1", [id])
        .map(drop)
}

fn read(row: &Row<'_>) -> Result<InstanceRow, SqlError> {
    let image: Option<String> = row.get("image_id")?;
    Ok(InstanceRow {
        id: row.parse("id")?,
        project: row.parse("project_id")?,
        name: row.get("name")?,
        image: image.map(|_| row.parse("image_id")).transpose()?,
        volume: row.parse("volume_id")?,
        vcpus: row.get("vcpus")?,
        memory: size(row.get("memory")?),
        disk: size(row.get("disk")?),
        firmware: Firmware::column(row, "firmware")?,
        made: row.get("made")?,
        desired: DesiredState::column(row, "desired")?,
        observed: Observed::column(row, "observed")?,
        observed_boot: row.get("observed_boot")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        under_way: OperationKind::optional(row, "under_way")?,
    })
}
