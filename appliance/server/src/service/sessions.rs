//! Logging in and out.

use megh_api_types::{LoginRequest, Page, ProblemCode, Session, UnixMillis, User};
use megh_store::WriteContext;
use uuid::Uuid;

use super::Caller;
use super::paging::Paging;
use crate::app::{App, Peer};
use crate::fault::Fault;
use crate::password;
use crate::rows;
use crate::secret::{Secret, SecretHash};
use crate::throttle::source_key;

/// How long a session lasts, in milliseconds: a day.
pub(crate) const LIFETIME: i64 = 24 * 60 * 60 * 1000;

/// A session that begins now.
pub(super) fn new(user: User, now: UnixMillis) -> Session {
    Session {
        id: Uuid::now_v7(),
        user,
        created_at: now,
        expires_at: now + LIFETIME,
        current: true,
    }
}

/// Opens a session. That a user does not exist shows in no answer and in no time.
pub(crate) async fn login(
    app: &App,
    peer: Peer,
    request: LoginRequest,
) -> Result<(Session, Secret), Fault> {
    let now = app.clock.now();
    app.login_throttle.attempt(&source_key(peer), now)?;
    app.name_throttle.attempt(&request.name, now)?;
    let wrong = || Fault::new(ProblemCode::WrongCredentials, "Name or password is wrong.");
    if request.password.chars().count() > *password::LENGTH.end() {
        return Err(wrong());
    }
    let name = request.name.clone();
    let known = app
        .read(move |query| rows::users::by_name(query, &name))
        .await?;
    let hash = known.as_ref().map(|row| row.password.clone());
    let fits = app.passwords.fits(hash, request.password).await?;
    let Some(row) = known.filter(|_| fits) else {
        return Err(wrong());
    };
    app.login_throttle.forget(&source_key(peer));
    app.name_throttle.forget(&request.name);
    open(app, row.user).await
}

async fn open(app: &App, user: User) -> Result<(Session, Secret), Fault> {
    let (now, secret) = (app.clock.now(), Secret::draw());
    let session = new(user, now);
    let (opened, hash) = (session.clone(), secret.hash());
    let context = WriteContext::new(format!("user:{}", session.user.id), now);
    app.write(context, move |tx| {
        Ok(rows::sessions::insert(tx, &opened, hash)?)
    })
    .await?;
    Ok((session, secret))
}

/// The caller behind a cookie.
pub(crate) async fn authenticate(app: &App, cookie: Option<&str>) -> Result<Caller, Fault> {
    let absent = || {
        Fault::new(
            ProblemCode::NotAuthenticated,
            "There is no valid session in the request.",
        )
    };
    let hash = SecretHash::of(cookie.ok_or_else(absent)?);
    let now = app.clock.now();
    let session = app
        .read(move |query| rows::sessions::by_secret(query, hash, now))
        .await?;
    session.map(|session| Caller { session }).ok_or_else(absent)
}

/// The open sessions of the caller's user.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    paging: Paging,
) -> Result<Page<Session>, Fault> {
    let (user, current, now) = (caller.session.user.id, caller.session.id, app.clock.now());
    let (after, ask) = (paging.after(""), paging.ask());
    let rows = app
        .read(move |query| rows::sessions::page(query, user, current, now, &after, ask))
        .await?;
    Ok(paging.page(rows, |session| session.id.to_string()))
}

/// Ends one of the sessions of the caller's user, at once and everywhere.
pub(crate) async fn revoke(app: &App, caller: &Caller, selector: &str) -> Result<(), Fault> {
    let absent = || Fault::not_found("session", selector);
    let id = match selector {
        "current" => caller.session.id,
        other => other.parse::<Uuid>().map_err(|_| absent())?,
    };
    let user = caller.session.user.id;
    let context = WriteContext::new(format!("user:{user}"), app.clock.now());
    let existed = app
        .write(context, move |tx| Ok(rows::sessions::delete(tx, user, id)?))
        .await?;
    if existed.value { Ok(()) } else { Err(absent()) }
}
