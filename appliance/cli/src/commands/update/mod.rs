//! Updates of the appliance's own system.

mod show;
mod watch;

use std::io::IsTerminal;

use anyhow::{Result, bail};
use megh_api_types::{StageRequest, SystemUpdate, TrialJournal, UpdateSettings};
use serde_json::json;

use super::Context;
use crate::api::Api;
use crate::args::update::{Settings, Update, Watch, Yes};
use crate::prompt;
use watch::Goal;

/// Does what the command line says.
pub(super) async fn run(context: &Context, command: Update) -> Result<()> {
    let api = context.api()?;
    match command {
        Update::Status { watch } => status(context, &api, watch).await,
        Update::Check => {
            let begun: SystemUpdate = api.post("system/update/check", &json!({})).await?;
            let update = watch::follow(context, &api, begun, Goal::Task, false).await?;
            context.print(&update, show::offers)
        }
        Update::Stage {
            version,
            from,
            allow_expired,
            watch,
        } => {
            let request = StageRequest {
                version,
                source: from,
                allow_expired,
            };
            let begun = api.post("system/update/stage", &request).await?;
            finish(context, &api, begun, watch, Goal::Task).await
        }
        Update::Apply { yes, watch } => {
            let now: SystemUpdate = api.get("system/update").await?;
            if let Some(staged) = &now.staged {
                confirm(
                    yes,
                    &format!("The machine restarts into {}.", staged.version),
                )?;
            }
            let begun = api.post("system/update/apply", &json!({})).await?;
            let goal = Goal::restart(&now);
            finish(context, &api, begun, watch, goal).await
        }
        Update::Rollback { yes, watch } => {
            let now: SystemUpdate = api.get("system/update").await?;
            confirm(
                yes,
                "The machine restarts into the version that ran before.",
            )?;
            let begun = api.post("system/update/rollback", &json!({})).await?;
            let goal = Goal::restart(&now);
            finish(context, &api, begun, watch, goal).await
        }
        Update::Settings(wanted) => settings(context, &api, wanted).await,
        Update::Journal => {
            let journal: TrialJournal = api.get("system/update/journal").await?;
            context.print(&journal, |journal| {
                if journal.truncated {
                    println!("(the beginning is left out)");
                }
                print!("{}", journal.text);
            })
        }
    }
}

async fn status(context: &Context, api: &Api, watch: Watch) -> Result<()> {
    let update: SystemUpdate = api.get("system/update").await?;
    if watch.watch {
        return follow(context, api, update, Goal::Rest).await;
    }
    context.print(&update, show::status)
}

async fn finish(
    context: &Context,
    api: &Api,
    begun: SystemUpdate,
    watch: Watch,
    goal: Goal,
) -> Result<()> {
    if watch.watch {
        return follow(context, api, begun, goal).await;
    }
    context.print(&begun, |_| {
        println!("It has begun. To see how far it is: megh system update --watch");
    })
}

/// Follows to the end, which is shown to people; programs have seen it.
async fn follow(context: &Context, api: &Api, begun: SystemUpdate, goal: Goal) -> Result<()> {
    let update = watch::follow(context, api, begun, goal, context.json).await?;
    if !context.json {
        show::status(&update);
    }
    Ok(())
}

/// Restarting is asked for twice where there is somebody to ask.
fn confirm(yes: Yes, what: &str) -> Result<()> {
    if yes.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("{what} Instances are stopped and started again. Say so with --yes.");
    }
    eprintln!("{what} Running instances are stopped and started again.");
    match prompt::line("Type yes to go on")?.as_str() {
        "yes" => Ok(()),
        _ => bail!("nothing was done"),
    }
}

async fn settings(context: &Context, api: &Api, wanted: Settings) -> Result<()> {
    let update: SystemUpdate = api.get("system/update").await?;
    let mut settings = update.settings;
    if !wanted.is_empty() {
        change(&mut settings, wanted);
        settings = api.put("system/update/settings", &settings).await?;
    }
    context.print(&settings, show::settings)
}

fn change(settings: &mut UpdateSettings, wanted: Settings) {
    if let Some(source) = wanted.source {
        settings.source = source.0;
    }
    if let Some(channel) = wanted.channel {
        settings.channel = Some(channel);
    }
    if let Some(policy) = wanted.policy {
        settings.policy = policy.into();
    }
    if let Some(window) = wanted.window {
        settings.window = window.0.map(|window| window.0);
    }
    if let Some(bandwidth) = wanted.bandwidth {
        settings.bandwidth = bandwidth.0.map(|bytes| bytes.0);
    }
}
