//! Instances: made, started, stopped, removed. What may be done when is
//! decided by [`megh_model::vm`]; the work is left to operations.

use megh_api_types::{
    Accepted, DesiredState, FieldError, ImageState, Instance, InstanceStatus, NewInstance,
    Operation, OperationKind, Page, ProblemCode, StopRequest, UnixMillis,
};
use megh_model::name::Name;
use megh_model::vm::{self, Action, Verdict, verdict};
use megh_store::{Query, Tx, Written};
use uuid::Uuid;

use super::operations::{self, NewOperation};
use super::paging::Paging;
use super::{Caller, Once, project};
use crate::app::App;
use crate::fault::Fault;
use crate::rows;
use crate::rows::instances::{InstanceRow, Observed};
use crate::work;

/// Begins to make an instance.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    once: Once,
    in_project: &str,
    new: NewInstance,
) -> Result<Written<Accepted<Instance>>, Fault> {
    let name = validate(&new)?;
    let steps = if new.start {
        work::CREATE_AND_START_INSTANCE
    } else {
        work::CREATE_INSTANCE
    };
    let operation = NewOperation::draw(OperationKind::InstanceCreate, steps, &app.clock);
    let (id, in_project) = (Uuid::now_v7(), in_project.to_owned());
    let room = app
        .pool(|pool| pool.capacity())
        .await?
        .map_or(u64::MAX, |capacity| capacity.total);
    let written = app.write(once.context(caller, &app.clock), move |tx| {
        let project = project(tx, &in_project)?;
        let row = planned(tx, project, id, &name, &new, operation.now)?;
        if row.disk > room {
            let detail = format!(
                "The disk has {} bytes, the whole pool has {room}.",
                row.disk
            );
            return Err(Fault::new(ProblemCode::NoSpace, detail));
        }
        rows::instances::insert(tx, &row)?;
        let operation = operations::insert(tx, &operation, project, id)?;
        Ok(Accepted {
            resource: again(tx, id)?,
            operation,
        })
    });
    let written = written.await?;
    app.work.notify_one();
    Ok(written)
}

/// The row of an instance that is to be made, if its name is free and its image fits.
fn planned(
    tx: &Tx<'_>,
    project: Uuid,
    id: Uuid,
    name: &Name,
    new: &NewInstance,
    now: UnixMillis,
) -> Result<InstanceRow, Fault> {
    let image = rows::images::find(tx, project, &new.image)?
        .ok_or_else(|| Fault::field("image", format!("there is no image `{}`", new.image)))?;
    if rows::instances::find(tx, project, name.as_str())?.is_some() {
        return Err(Fault::new(
            ProblemCode::NameTaken,
            format!("There is an instance `{name}` already."),
        ));
    }
    if image.state != ImageState::Ready {
        return Err(Fault::wrong_state(format!(
            "Image `{}` is not ready.",
            image.name
        )));
    }
    let disk = vm::disk_size(new.disk, image.virtual_size.unwrap_or(0))
        .map_err(|error| Fault::field("disk", error.to_string()))?;
    Ok(InstanceRow {
        id,
        project,
        name: name.as_str().to_owned(),
        image: Some(image.id),
        volume: id,
        vcpus: new.vcpus,
        memory: new.memory,
        disk,
        firmware: new.firmware,
        made: false,
        desired: if new.start {
            DesiredState::Running
        } else {
            DesiredState::Stopped
        },
        observed: Observed::Stopped,
        observed_boot: None,
        error: None,
        created_at: now,
        under_way: None,
    })
}

/// One instance.
pub(crate) async fn get(app: &App, in_project: &str, selector: &str) -> Result<Instance, Fault> {
    let (in_project, selector) = (in_project.to_owned(), selector.to_owned());
    app.read(move |query| Ok(find(query, &in_project, &selector)))
        .await?
        .map(Instance::from)
}

/// Instances by name.
pub(crate) async fn list(
    app: &App,
    in_project: &str,
    paging: Paging,
) -> Result<Page<Instance>, Fault> {
    let (in_project, after, ask) = (in_project.to_owned(), paging.after(""), paging.ask());
    let rows = app.read(move |query| {
        Ok(project(query, &in_project)
            .and_then(|project| Ok(rows::instances::page(query, project, &after, ask)?)))
    });
    let instances = rows.await??.into_iter().map(Instance::from).collect();
    Ok(paging.page(instances, |instance: &Instance| instance.name.clone()))
}

/// Begins to start an instance.
pub(crate) async fn start(
    app: &App,
    caller: &Caller,
    once: Once,
    in_project: &str,
    selector: &str,
) -> Result<Written<Accepted<Instance>>, Fault> {
    act(app, caller, once, in_project, selector, Action::Start).await
}

/// Begins to stop an instance.
pub(crate) async fn stop(
    app: &App,
    caller: &Caller,
    once: Once,
    in_project: &str,
    selector: &str,
    request: StopRequest,
) -> Result<Written<Accepted<Instance>>, Fault> {
    let action = if request.force {
        Action::ForceStop
    } else {
        Action::Stop
    };
    act(app, caller, once, in_project, selector, action).await
}

/// Begins to remove an instance with its disk.
pub(crate) async fn delete(
    app: &App,
    caller: &Caller,
    in_project: &str,
    selector: &str,
) -> Result<Accepted<Instance>, Fault> {
    let written = act(
        app,
        caller,
        Once::default(),
        in_project,
        selector,
        Action::Delete,
    )
    .await;
    written.map(|written| written.value)
}

/// Asks for an action on an instance.
async fn act(
    app: &App,
    caller: &Caller,
    once: Once,
    in_project: &str,
    selector: &str,
    action: Action,
) -> Result<Written<Accepted<Instance>>, Fault> {
    let (in_project, selector) = (in_project.to_owned(), selector.to_owned());
    let (id, now) = (Uuid::now_v7(), app.clock.now());
    let written = app.write(once.context(caller, &app.clock), move |tx| {
        let row = find(tx, &in_project, &selector)?;
        let (kind, steps, parameters) = work::operation_of(action, row.made);
        let new = NewOperation {
            id,
            kind,
            steps,
            parameters,
            now,
        };
        let operation = ask(tx, &row, action, &new)?;
        Ok(Accepted {
            resource: again(tx, row.id)?,
            operation,
        })
    });
    let written = written.await?;
    app.work.notify_one();
    Ok(written)
}

/// Adds the operation for an action, as far as the instance's status allows it.
pub(crate) fn ask(
    tx: &Tx<'_>,
    row: &InstanceRow,
    action: Action,
    new: &NewOperation,
) -> Result<Operation, Fault> {
    let under_way = rows::operations::under_way(tx, row.id)?;
    let status = Instance::from(row.clone()).status;
    // What was never made has nothing that could be stopped.
    let nothing_to_stop = !row.made && matches!(action, Action::Stop | Action::ForceStop);
    let verdict = match verdict(model_status(status), action) {
        Verdict::Do if nothing_to_stop => Verdict::Already,
        other => other,
    };
    if verdict == Verdict::Refuse {
        return Err(refusal(row, status));
    }
    match action {
        Action::Start => rows::instances::set_desired(tx, row.id, DesiredState::Running)?,
        _ => rows::instances::set_desired(tx, row.id, DesiredState::Stopped)?,
    }
    match (verdict, under_way) {
        (Verdict::Do, under_way) => {
            if let Some(overtaken) = under_way {
                rows::operations::supersede(tx, overtaken.id, verb(action), new.now)?;
            }
            rows::instances::set_error(tx, row.id, None)?;
            operations::insert(tx, new, row.project, row.id)
        }
        (_, Some(same)) => Ok(same.into()),
        (_, None) => operations::insert_done(tx, new, row.project, row.id),
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Start => "start the instance",
        Action::Stop => "stop the instance",
        Action::ForceStop => "cut the instance's power",
        Action::Delete => "delete the instance",
        Action::OpenConsole => "open the console",
    }
}

fn refusal(row: &InstanceRow, status: InstanceStatus) -> Fault {
    let doing = match status {
        InstanceStatus::Creating => "is just being made",
        InstanceStatus::Starting => "is just being started",
        InstanceStatus::Stopping => "is just being stopped",
        InstanceStatus::Deleting => "is just being deleted",
        InstanceStatus::Running => "runs",
        InstanceStatus::Stopped | InstanceStatus::Failed => "does not run",
    };
    Fault::wrong_state(format!("Instance `{}` {doing}.", row.name))
}

fn validate(new: &NewInstance) -> Result<Name, Fault> {
    let mut errors = Vec::new();
    let mut note = |field: &str, message: String| {
        errors.push(FieldError {
            field: field.to_owned(),
            message,
        })
    };
    let name = new.name.parse::<Name>();
    if let Err(error) = &name {
        note("name", error.to_string());
    }
    if let Err(error) = vm::check_vcpus(new.vcpus) {
        note("vcpus", error.to_string());
    }
    if let Err(error) = vm::check_memory(new.memory) {
        note("memory", error.to_string());
    }
    if let Err(error) = vm::disk_size(new.disk, 0) {
        note("disk", error.to_string());
    }
    match name {
        Ok(name) if errors.is_empty() => Ok(name),
        _ => Err(Fault::fields(errors)),
    }
}

fn find(query: &impl Query, in_project: &str, selector: &str) -> Result<InstanceRow, Fault> {
    let project = project(query, in_project)?;
    let row = rows::instances::find(query, project, selector)?;
    row.ok_or_else(|| Fault::not_found("instance", selector))
}

/// The instance as it is after the changes of this transaction.
fn again(tx: &Tx<'_>, id: Uuid) -> Result<Instance, Fault> {
    let row = rows::instances::get(tx, id)?;
    row.map(Instance::from)
        .ok_or_else(|| Fault::internal("the row just written is absent"))
}

/// The status as the rules know it.
pub(super) fn model_status(status: InstanceStatus) -> vm::Status {
    match status {
        InstanceStatus::Creating => vm::Status::Creating,
        InstanceStatus::Stopped => vm::Status::Stopped,
        InstanceStatus::Starting => vm::Status::Starting,
        InstanceStatus::Running => vm::Status::Running,
        InstanceStatus::Stopping => vm::Status::Stopping,
        InstanceStatus::Deleting => vm::Status::Deleting,
        InstanceStatus::Failed => vm::Status::Failed,
    }
}
