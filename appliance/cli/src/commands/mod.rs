//! The commands.

mod connect;
mod console;
mod image;
mod instance;
mod operation;
mod session;
mod update;

use anyhow::Result;
use clap::CommandFactory;
use megh_api_types::Operation;
use megh_model::units::Bytes;
use serde::Serialize;

use crate::api::Api;
use crate::args::update::{System, Update};
use crate::args::{Args, Command, Wait};
use crate::profile::ProfileFile;
use crate::table;

/// What every command is given.
pub(crate) struct Context {
    /// Which appliance.
    profile: Option<String>,
    /// Which project.
    project: String,
    /// Whether to print JSON.
    json: bool,
}

/// Does what the command line says.
pub(crate) async fn run(args: Args) -> Result<()> {
    let context = Context {
        profile: args.profile,
        project: args.project,
        json: args.json,
    };
    match args.command {
        Command::Connect(connect) => connect::connect(&context, connect).await,
        Command::Claim(claim) => session::claim(&context, claim).await,
        Command::Login(login) => session::login(&context, login).await,
        Command::Logout => session::logout(&context).await,
        Command::System { command: None } => system(&context).await,
        Command::System {
            command: Some(System::Update { watch, command }),
        } => {
            let command = command.unwrap_or(Update::Status { watch });
            update::run(&context, command).await
        }
        Command::Image(command) => image::run(&context, command).await,
        Command::Instance(command) => instance::run(&context, command).await,
        Command::Operation(command) => operation::run(&context, command).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Args::command(), "megh", &mut std::io::stdout());
            Ok(())
        }
    }
}

impl Context {
    /// The appliance to call.
    fn api(&self) -> Result<Api> {
        let file = ProfileFile::load()?;
        Api::new(file.profiles.get(self.profile.as_deref())?.1)
    }

    /// Path of something in the project.
    fn path(&self, rest: &str) -> String {
        format!("projects/{}/{rest}", self.project)
    }

    /// Prints an answer as JSON, or as `human` does.
    fn print<T: Serialize>(&self, answer: &T, human: impl FnOnce(&T)) -> Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(answer)?);
        } else {
            human(answer);
        }
        Ok(())
    }

    /// Waits for an operation if that is wanted.
    async fn wait(&self, api: &Api, operation: &Operation, wait: Wait) -> Result<()> {
        if wait.wait {
            api.wait(
                &self.path(&format!("operations/{}", operation.id)),
                self.json,
            )
            .await?;
        }
        Ok(())
    }
}

/// What a word of the API is for people.
fn word(value: &impl Serialize) -> String {
    let text = serde_json::to_value(value).ok();
    text.as_ref()
        .and_then(|text| text.as_str())
        .unwrap_or_default()
        .replace('_', " ")
}

async fn system(context: &Context) -> Result<()> {
    let system: megh_api_types::System = context.api()?.get("system").await?;
    context.print(&system, |system| {
        table::pairs(&[
            ("version", system.version.clone()),
            ("slot", system.slot.clone().unwrap_or_else(|| "none".into())),
            (
                "guests run by",
                system
                    .acceleration
                    .as_ref()
                    .map_or_else(|| "not known yet".into(), word),
            ),
            (
                "pool",
                format!(
                    "{} free of {}",
                    Bytes(system.pool_free),
                    Bytes(system.pool_total)
                ),
            ),
            ("up", format!("{} min", system.uptime / 60)),
        ]);
    })
}
