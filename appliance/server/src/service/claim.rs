//! Taking possession of a fresh appliance.

use megh_api_types::{ClaimRequest, FieldError, ProblemCode, Session, User};
use megh_model::name::Name;
use megh_store::WriteContext;
use uuid::Uuid;

use super::sessions;
use crate::app::{App, Peer};
use crate::claim_code::Attempt;
use crate::fault::Fault;
use crate::password;
use crate::rows;
use crate::secret::Secret;
use crate::throttle::source_key;

/// The project that every appliance has.
pub(crate) const DEFAULT_PROJECT: &str = "default";

/// Makes the first administrator and the project `default`, and opens a session.
pub(crate) async fn claim(
    app: &App,
    peer: Peer,
    request: ClaimRequest,
) -> Result<(Session, Secret), Fault> {
    if app.ownership.is_claimed() {
        return Err(already_claimed());
    }
    let key = source_key(peer);
    app.claim_throttle.attempt(&key, app.clock.now())?;
    let name = validate(&request)?;
    match app.ownership.attempt(&request.code) {
        None => return Err(already_claimed()),
        Some(Attempt::Right) => app.claim_throttle.forget(&key),
        Some(Attempt::Wrong) => return Err(wrong("The code is not the one on the screen.")),
        Some(Attempt::WrongAndRotated) => {
            return Err(wrong(
                "The code is not the one on the screen. The screen shows a new one now.",
            ));
        }
    }
    let password = app.passwords.hash(request.admin.password).await?;
    let (now, secret) = (app.clock.now(), Secret::draw());
    let user = User {
        id: Uuid::now_v7(),
        name: name.into(),
    };
    let session = sessions::new(user, now);
    let project = Uuid::now_v7();
    let (opened, hash) = (session.clone(), secret.hash());
    app.write(WriteContext::new("claim", now), move |tx| {
        // Of two claims at once, the store lets one through.
        if rows::site::is_claimed(tx)? {
            return Err(already_claimed());
        }
        rows::site::set_claimed(tx, now)?;
        rows::projects::insert(tx, project, DEFAULT_PROJECT, now)?;
        rows::users::insert(tx, opened.user.id, &opened.user.name, &password, now)?;
        Ok(rows::sessions::insert(tx, &opened, hash)?)
    })
    .await?;
    app.ownership.claimed();
    tracing::info!(user = %session.user.name, "the appliance has been claimed");
    Ok((session, secret))
}

fn validate(request: &ClaimRequest) -> Result<Name, Fault> {
    let mut errors = Vec::new();
    let mut note = |field: &str, message: String| {
        errors.push(FieldError {
            field: field.to_owned(),
            message,
        })
    };
    let name = request.admin.name.parse::<Name>();
    if let Err(error) = &name {
        note("admin.name", error.to_string());
    }
    if !password::LENGTH.contains(&request.admin.password.chars().count()) {
        let (least, most) = (password::LENGTH.start(), password::LENGTH.end());
        note(
            "admin.password",
            format!("a password has {least} to {most} characters"),
        );
    }
    match name {
        Ok(name) if errors.is_empty() => Ok(name),
        _ => Err(Fault::fields(errors)),
    }
}

fn already_claimed() -> Fault {
    Fault::new(
        ProblemCode::AlreadyClaimed,
        "This appliance has an owner already.",
    )
}

fn wrong(detail: &str) -> Fault {
    Fault::new(ProblemCode::WrongClaimCode, detail)
}
