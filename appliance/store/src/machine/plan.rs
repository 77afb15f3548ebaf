//! Planning: running closures on the state to learn what they change, and
//! taking all of it back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::command::{Change, KeptAnswer, Statement};
use crate::context::WriteContext;
use crate::error::{FatalError, FaultSite, StoreError, panic_message};
use crate::machine::answers::{self, Found};
use crate::machine::tables::Meta;
use crate::rules::{Guard, Mode};
use crate::tx::Tx;
use crate::value::Value;

/// Closures stop joining an entry when it has this size.
const ENTRY_BYTES: usize = 1 << 20;

/// One closure may change at most this much.
const CHANGE_BYTES: usize = 8 << 20;

/// A closure waiting to be planned, its types erased.
pub(crate) struct Task {
    pub(crate) context: WriteContext,
    pub(crate) run: Closure,
}

/// A closure that encodes its answer itself.
pub(crate) type Closure = Box<dyn FnMut(&Tx<'_>) -> Result<Vec<u8>, Stop> + Send>;

/// Why a closure gave no answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It returned an error, which the closure's wrapper keeps.
    Aborted,
    /// Its answer cannot be encoded.
    Unencodable(String),
}

/// What closures would do to a state.
pub(crate) struct Plan {
    /// Index of the last entry that changed rows of that state.
    pub(crate) base: u64,
    /// What the closures change, in order.
    pub(crate) changes: Vec<Change>,
    /// One result per closure.
    pub(crate) results: Vec<Planned>,
}

/// What one closure would do.
pub(crate) enum Planned {
    /// Give this answer.
    Answered(Vec<u8>),
    /// Nothing: the answer is kept from the entry with this index, or from
    /// this plan when it is zero.
    Replayed(Vec<u8>, u64),
    /// Nothing: its idempotency key belongs to another request.
    OtherRequest,
    /// Nothing: it returned an error.
    Aborted,
    /// Nothing: this went wrong.
    Failed(StoreError),
    /// It was not run: the entry is full.
    Deferred,
}

/// Runs the tasks one after the other, each seeing the changes of those
/// before it, and takes everything back.
pub(super) fn plan(meta: Meta<'_>, guard: &Guard, tasks: &mut [Task]) -> Result<Plan, FatalError> {
    let fault = |error: rusqlite::Error| meta.site.fault(&error);
    let base = meta.head()?;
    let transaction = meta.connection.unchecked_transaction().map_err(fault)?;
    let mut results = Vec::with_capacity(tasks.len());
    let mut changes = Vec::new();
    let mut bytes = 0;
    for task in tasks {
        if bytes >= ENTRY_BYTES {
            results.push(Planned::Deferred);
            continue;
        }
        let (planned, change) = plan_one(meta, guard, task)?;
        bytes += change.as_ref().map_or(0, size);
        changes.extend(change);
        results.push(planned);
    }
    transaction.rollback().map_err(fault)?;
    Ok(Plan {
        base,
        changes,
        results,
    })
}

type Effect = (Planned, Option<Change>);

fn plan_one(meta: Meta<'_>, guard: &Guard, task: &mut Task) -> Result<Effect, FatalError> {
    let fault = |error: rusqlite::Error| meta.site.fault(&error);
    let WriteContext {
        principal,
        idempotency,
        now_ms,
    } = &task.context;
    if let Some(idempotency) = idempotency {
        let found = answers::find(meta.connection, principal, idempotency, *now_ms);
        match found.map_err(fault)? {
            Some(Found::Answer(answer, index)) => {
                return Ok((Planned::Replayed(answer, index), None));
            }
            Some(Found::OtherRequest) => return Ok((Planned::OtherRequest, None)),
            None => {}
        }
    }
    meta.connection
        .execute_batch("SAVEPOINT closure")
        .map_err(fault)?;
    let (planned, change) = run(meta, guard, task)?;
    if let Some(change) = &change {
        if let Some(kept) = &change.answer {
            answers::keep(meta.connection, &change.principal, kept, 0).map_err(fault)?;
        }
    } else {
        meta.connection
            .execute_batch("ROLLBACK TO closure")
            .map_err(fault)?;
    }
    meta.connection
        .execute_batch("RELEASE closure")
        .map_err(fault)?;
    Ok((planned, change))
}

fn run(meta: Meta<'_>, guard: &Guard, task: &mut Task) -> Result<Effect, FatalError> {
    let site = FaultSite {
        operation: "change",
        path: meta.site.path,
    };
    let tx = Tx::new(meta.connection, guard, site);
    let ran = guard.within(Mode::Data, || {
        catch_unwind(AssertUnwindSafe(|| (task.run)(&tx)))
    });
    let statements = tx.finish()?;
    let planned = match ran {
        Ok(Ok(answer)) => return Ok(effect(&task.context, statements, answer)),
        Ok(Err(Stop::Aborted)) => Planned::Aborted,
        Ok(Err(Stop::Unencodable(reason))) => Planned::Failed(StoreError::Answer {
            operation: "encoded",
            reason,
        }),
        Err(panic) => {
            let message = panic_message(panic.as_ref());
            Planned::Failed(StoreError::ClosurePanicked { message })
        }
    };
    Ok((planned, None))
}

fn effect(context: &WriteContext, statements: Vec<Statement>, answer: Vec<u8>) -> Effect {
    if statements.is_empty() && context.idempotency.is_none() {
        return (Planned::Answered(answer), None);
    }
    let kept = context.idempotency.as_ref().map(|idempotency| KeptAnswer {
        key: idempotency.key.clone(),
        request_hash: idempotency.request_hash.to_vec(),
        answer: answer.clone(),
        at_ms: context.now_ms,
    });
    let change = Change {
        principal: context.principal.clone(),
        answer: kept,
        statements,
    };
    let bytes = size(&change);
    if bytes > CHANGE_BYTES {
        let failed = StoreError::TooLarge {
            bytes,
            limit: CHANGE_BYTES,
        };
        return (Planned::Failed(failed), None);
    }
    (Planned::Answered(answer), Some(change))
}

fn size(change: &Change) -> usize {
    let statements = change.statements.iter().map(|statement| {
        let params: usize = statement.params.iter().map(value_size).sum();
        statement.sql.len() + params
    });
    statements.sum::<usize>() + change.answer.as_ref().map_or(0, |kept| kept.answer.len())
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Integer(_) | Value::Real(_) => 9,
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
    }
}
