//! Tickets for consoles.

use megh_api_types::ConsoleTicket;
use megh_api_types::ProblemCode;
use megh_model::vm::{Action, Verdict, verdict};
use uuid::Uuid;

use super::{Caller, instances};
use crate::app::App;
use crate::fault::Fault;

/// Makes a ticket for the console of a running instance.
pub(crate) async fn ticket(
    app: &App,
    caller: &Caller,
    in_project: &str,
    selector: &str,
) -> Result<ConsoleTicket, Fault> {
    let instance = instances::get(app, in_project, selector).await?;
    if verdict(
        instances::model_status(instance.status),
        Action::OpenConsole,
    ) != Verdict::Do
    {
        return Err(
            Fault::wrong_state(format!("Instance `{}` does not run.", instance.name))
                .with_remedy("Start the instance first."),
        );
    }
    let now = app.clock.now();
    let mut tickets = app
        .tickets
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let (secret, expires_at) = tickets.issue(instance.id, caller.session.id, now);
    let ticket = secret.reveal().to_owned();
    let url = format!(
        "/api/v1/projects/{in_project}/instances/{}/console?ticket={ticket}",
        instance.id
    );
    Ok(ConsoleTicket {
        ticket,
        url,
        expires_at,
    })
}

/// Uses a ticket up; the id of the instance whose console it opens.
pub(crate) async fn redeem(
    app: &App,
    caller: &Caller,
    in_project: &str,
    selector: &str,
    ticket: &str,
) -> Result<Uuid, Fault> {
    let instance = instances::get(app, in_project, selector).await?;
    let mut tickets = app
        .tickets
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if tickets.redeem(ticket, instance.id, caller.session.id, app.clock.now()) {
        return Ok(instance.id);
    }
    let detail = "The ticket is used up, too old, or for another console.";
    Err(Fault::new(ProblemCode::NotAuthenticated, detail)
        .with_remedy("Ask for a new ticket with `POST …/console`."))
}
