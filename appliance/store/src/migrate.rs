//! Bringing the schema up to date, through the log.

use crate::command::{Command, MigrationStep, Outcome};
use crate::error::StoreError;
use crate::machine::{AppliedMigration, Machine};
use crate::migrations::{Migration, MigrationError, Migrations};
use crate::proposer::Proposer;

/// Applies the steps that are missing. Steps that only a newer program knows
/// stay: this program runs on their schema, unless one of them says that it cannot.
pub(crate) async fn migrate(
    machine: &Machine,
    proposer: &Proposer,
    migrations: &Migrations,
) -> Result<(), StoreError> {
    let applied = machine.migrations().await?;
    for (step, applied) in migrations.steps().iter().zip(&applied) {
        refuse_edited(step, applied)?;
    }
    let known = u32::try_from(migrations.steps().len()).unwrap_or(u32::MAX);
    let needs = machine.readers_know().await?;
    if needs > known {
        return Err(MigrationError::TooNew { needs, known }.into());
    }
    if let Some(newer) = applied
        .get(migrations.steps().len()..)
        .filter(|newer| !newer.is_empty())
    {
        tracing::warn!(count = newer.len(), "the schema is newer than this program");
    }
    for migration in migrations.steps().iter().skip(applied.len()) {
        apply(machine, proposer, migration).await?;
    }
    Ok(())
}

fn refuse_edited(step: &Migration, applied: &AppliedMigration) -> Result<(), MigrationError> {
    if step.number == applied.number && applied.hash == step.hash() {
        return Ok(());
    }
    Err(MigrationError::Edited {
        number: step.number,
        name: applied.name.clone(),
    })
}

async fn apply(
    machine: &Machine,
    proposer: &Proposer,
    migration: &Migration,
) -> Result<(), StoreError> {
    let failed = |reason| MigrationError::Failed {
        number: migration.number,
        name: migration.name.to_owned(),
        reason,
    };
    let step = MigrationStep {
        number: migration.number,
        name: migration.name.to_owned(),
        hash: migration.hash().to_vec(),
        sql: migration.sql.to_owned(),
        readers_know: migration.readers_know,
    };
    machine.try_migration(step.clone()).await?.map_err(failed)?;
    match proposer.propose(Command::Migrate(step)).await? {
        Outcome::Applied { index } => {
            let Migration { number, name, .. } = migration;
            tracing::info!(number, name, index, "migrated");
            Ok(())
        }
        Outcome::Refused { reason } => Err(failed(reason).into()),
        Outcome::Conflict | Outcome::Nothing => {
            Err(failed("the entry was applied as another one".to_owned()).into())
        }
    }
}
