//! Claim, login, logout.

use anyhow::Result;
use megh_api_types::{ClaimRequest, LoginRequest, NewAdmin, Session};

use super::Context;
use crate::api::Api;
use crate::args::{Claim, Login};
use crate::profile::{Profile, ProfileFile};
use crate::prompt;

/// Takes possession of a fresh appliance.
pub(super) async fn claim(context: &Context, args: Claim) -> Result<()> {
    let api = context.api()?;
    let code = match args.code {
        Some(code) => code,
        None => prompt::line("Claim code on the appliance's own screen")?,
    };
    let password = prompt::password(args.password_stdin, true)?;
    let request = ClaimRequest {
        code,
        admin: NewAdmin {
            name: args.name,
            password,
        },
    };
    open(context, &api, "claim", &request, "The appliance is yours").await
}

/// Opens a session.
pub(super) async fn login(context: &Context, args: Login) -> Result<()> {
    let api = context.api()?;
    let password = prompt::password(args.password_stdin, false)?;
    let request = LoginRequest {
        name: args.name,
        password,
    };
    open(context, &api, "sessions", &request, "Logged in").await
}

async fn open(
    context: &Context,
    api: &Api,
    path: &str,
    request: &impl serde::Serialize,
    done: &str,
) -> Result<()> {
    let (session, secret): (Session, String) = api.open_session(path, request).await?;
    remember(context, Some(secret))?;
    context.print(&session, |session| {
        println!("{done}, {}.", session.user.name)
    })
}

/// Ends the session. It is forgotten here even if the appliance is away.
pub(super) async fn logout(context: &Context) -> Result<()> {
    let api = context.api()?;
    let ended = api.delete("sessions/current").await;
    remember(context, None)?;
    ended?;
    context.print(&serde_json::json!({}), |_| println!("Logged out."))
}

fn remember(context: &Context, session: Option<String>) -> Result<()> {
    let mut file = ProfileFile::load()?;
    let (name, profile) = file.profiles.get(context.profile.as_deref())?;
    file.profiles.set(&name, Profile { session, ..profile });
    file.save()
}
