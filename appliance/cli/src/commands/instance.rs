//! Instances.

use anyhow::Result;
use megh_api_types::{Accepted, Firmware, Instance, NewInstance, StopRequest};
use megh_model::units::Bytes;

use super::{Context, console, word};
use crate::api::Api;
use crate::args::{CreateInstance, Firmware as FirmwareArg, Instance as Command, Wait};
use crate::table;

/// Does what the command line says.
pub(super) async fn run(context: &Context, command: Command) -> Result<()> {
    let api = context.api()?;
    let path = |instance: &str, rest: &str| context.path(&format!("instances/{instance}{rest}"));
    match command {
        Command::Create(args) => create(context, &api, args).await,
        Command::List => list(context, &api).await,
        Command::Show { instance } => show(context, &api, &instance).await,
        Command::Start { instance, wait } => {
            let accepted = api
                .post(&path(&instance, "/start"), &serde_json::json!({}))
                .await?;
            finish(context, &api, accepted, wait).await
        }
        Command::Stop {
            instance,
            force,
            wait,
        } => {
            let accepted = api
                .post(&path(&instance, "/stop"), &StopRequest { force })
                .await?;
            finish(context, &api, accepted, wait).await
        }
        Command::Delete { instance, wait } => {
            let accepted: Accepted<Instance> =
                api.delete(&path(&instance, "")).await?.json().await?;
            context.wait(&api, &accepted.operation, wait).await?;
            context.print(&accepted, |accepted| {
                let done = if wait.wait {
                    "has been deleted"
                } else {
                    "is being deleted"
                };
                println!("Instance {} {done}.", accepted.resource.name);
            })
        }
        Command::Console { instance } => console::open(&api, &path(&instance, "/console")).await,
    }
}

async fn create(context: &Context, api: &Api, args: CreateInstance) -> Result<()> {
    let request = NewInstance {
        name: args.name,
        image: args.image,
        vcpus: args.vcpus,
        memory: args.memory.0,
        disk: args.disk.map(|disk| disk.0),
        firmware: match args.firmware {
            FirmwareArg::Uefi => Firmware::Uefi,
            FirmwareArg::Bios => Firmware::Bios,
        },
        start: args.start,
    };
    let accepted = api.post(&context.path("instances"), &request).await?;
    finish(context, api, accepted, args.wait).await
}

async fn finish(
    context: &Context,
    api: &Api,
    accepted: Accepted<Instance>,
    wait: Wait,
) -> Result<()> {
    context.wait(api, &accepted.operation, wait).await?;
    if wait.wait {
        return show(context, api, &accepted.resource.id.to_string()).await;
    }
    context.print(&accepted, |accepted| {
        println!(
            "Instance {} is {}.",
            accepted.resource.name,
            word(&accepted.resource.status)
        );
        if accepted.operation.finished_at.is_none() {
            println!(
                "To wait for it: megh operation wait {}",
                accepted.operation.id
            );
        }
    })
}

async fn list(context: &Context, api: &Api) -> Result<()> {
    let instances: Vec<Instance> = api.all(&context.path("instances")).await?;
    context.print(&instances, |instances| {
        let row = |instance: &Instance| {
            [
                instance.name.clone(),
                word(&instance.status),
                instance.vcpus.to_string(),
                Bytes(instance.memory).to_string(),
                Bytes(instance.disk).to_string(),
                table::ago(instance.created_at),
            ]
        };
        let rows: Vec<_> = instances.iter().map(row).collect();
        table::print(
            ["NAME", "STATUS", "VCPUS", "MEMORY", "DISK", "CREATED"],
            &rows,
        );
    })
}

async fn show(context: &Context, api: &Api, instance: &str) -> Result<()> {
    let instance: Instance = api
        .get(&context.path(&format!("instances/{instance}")))
        .await?;
    context.print(&instance, |instance| {
        let mut pairs = vec![
            ("name", instance.name.clone()),
            ("id", instance.id.to_string()),
            ("status", word(&instance.status)),
            ("wanted", word(&instance.desired)),
            (
                "image",
                instance
                    .image
                    .map_or_else(|| "deleted".into(), |image| image.to_string()),
            ),
            ("vcpus", instance.vcpus.to_string()),
            ("memory", Bytes(instance.memory).to_string()),
            ("disk", Bytes(instance.disk).to_string()),
            ("firmware", word(&instance.firmware)),
        ];
        pairs.extend(instance.error.clone().map(|error| ("error", error)));
        pairs.push(("created", table::ago(instance.created_at)));
        table::pairs(&pairs);
    })
}
