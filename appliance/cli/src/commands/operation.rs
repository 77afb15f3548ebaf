//! Operations.

use anyhow::Result;
use megh_api_types::Operation;

use super::{Context, word};
use crate::args::Operation as Command;
use crate::table;

/// Does what the command line says.
pub(super) async fn run(context: &Context, command: Command) -> Result<()> {
    let api = context.api()?;
    let path = |id: uuid::Uuid| context.path(&format!("operations/{id}"));
    match command {
        Command::List { subject } => {
            let filter = subject
                .map(|subject| format!("?subject={subject}"))
                .unwrap_or_default();
            let operations: Vec<Operation> = api
                .all(&context.path(&format!("operations{filter}")))
                .await?;
            context.print(&operations, |operations| list(operations))
        }
        Command::Show { operation } => {
            let operation: Operation = api.get(&path(operation)).await?;
            context.print(&operation, show)
        }
        Command::Wait { operation } => {
            let operation = api.wait(&path(operation), context.json).await?;
            context.print(&operation, show)
        }
    }
}

fn list(operations: &[Operation]) {
    let row = |operation: &Operation| {
        [
            operation.id.to_string(),
            word(&operation.kind),
            word(&operation.status),
            format!("{} %", operation.percent),
            table::ago(operation.created_at),
        ]
    };
    let rows: Vec<_> = operations.iter().map(row).collect();
    table::print(["ID", "KIND", "STATUS", "DONE", "ASKED"], &rows);
}

fn show(operation: &Operation) {
    let mut pairs = vec![
        ("id", operation.id.to_string()),
        ("kind", word(&operation.kind)),
        ("subject", operation.subject.to_string()),
        ("status", word(&operation.status)),
        ("done", format!("{} %", operation.percent)),
    ];
    pairs.extend(operation.error.clone().map(|error| ("error", error)));
    pairs.push(("asked", table::ago(operation.created_at)));
    table::pairs(&pairs);
    for step in &operation.steps {
        println!("  {:<20}  {}", step.name, word(&step.status));
    }
}
