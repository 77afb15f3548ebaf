//! Rules that SQLite's authorizer enforces while it prepares a statement.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::error::Refusal;
use crate::rules::{FUNCTIONS, OWN_PREFIX};

/// Whose statements a connection is preparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The store's own, and those of the log: everything is allowed.
    Own,
    /// A closure's: rows may change.
    Data,
    /// A migration's: the schema may change too.
    Schema,
}

/// The authorizer of one connection, and the mode it is in.
pub(crate) struct Guard(Arc<State>);

struct State {
    mode: AtomicU8,
    denied: Mutex<Option<Refusal>>,
}

impl Guard {
    /// Stands guard at the connection, in the mode [`Mode::Own`].
    pub(crate) fn new(connection: &Connection) -> rusqlite::Result<Self> {
        let state = Arc::new(State {
            mode: AtomicU8::new(0),
            denied: Mutex::new(None),
        });
        let asked = Arc::clone(&state);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            asked.authorize(&context)
        }))?;
        Ok(Self(state))
    }

    /// Runs `work` in a mode. A panic in it leaves the mode as it was before.
    pub(crate) fn within<T>(&self, mode: Mode, work: impl FnOnce() -> T) -> T {
        let _reset = Reset {
            state: &self.0,
            before: self.0.mode.swap(mode as u8, Ordering::SeqCst),
        };
        work()
    }

    /// The rule that the last refused statement broke.
    pub(crate) fn take_refusal(&self) -> Option<Refusal> {
        self.0
            .denied
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

struct Reset<'a> {
    state: &'a State,
    before: u8,
}

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        self.state.mode.store(self.before, Ordering::SeqCst);
    }
}

impl State {
    fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        let mode = self.mode.load(Ordering::SeqCst);
        let verdict = if mode == Mode::Own as u8 {
            Ok(())
        } else {
            judge(&context.action, mode == Mode::Schema as u8)
        };
        match verdict {
            Ok(()) => Authorization::Allow,
            Err(refusal) => {
                *self.denied.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
                Authorization::Deny
            }
        }
    }
}

fn judge(action: &AuthAction<'_>, schema: bool) -> Result<(), Refusal> {
    match action {
        AuthAction::Select | AuthAction::Recursive => Ok(()),
        AuthAction::Read { table_name, .. } => own_is_refused(table_name),
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => {
            own_is_refused(table_name)?;
            allow_if(schema || !table_name.starts_with("sqlite_"), table_name)
        }
        AuthAction::Function { function_name } => judge_function(function_name, schema),
        AuthAction::CreateIndex {
            table_name: name, ..
        }
        | AuthAction::CreateTable { table_name: name }
        | AuthAction::CreateTrigger {
            table_name: name, ..
        }
        | AuthAction::CreateView { view_name: name }
        | AuthAction::CreateVtable {
            table_name: name, ..
        }
        | AuthAction::DropIndex {
            table_name: name, ..
        }
        | AuthAction::DropTable { table_name: name }
        | AuthAction::DropTrigger {
            table_name: name, ..
        }
        | AuthAction::DropView { view_name: name }
        | AuthAction::DropVtable {
            table_name: name, ..
        }
        | AuthAction::AlterTable {
            table_name: name, ..
        } => {
            own_is_refused(name)?;
            allow_if(schema, "a change of the schema")
        }
        AuthAction::Reindex { .. } => allow_if(schema, "a change of the schema"),
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
            allow_if(false, "a transaction")
        }
        // SQLite checks the table by it after `ADD COLUMN … NOT NULL`.
        AuthAction::Pragma {
            pragma_name: name @ "quick_check",
            ..
        } => allow_if(schema, name),
        AuthAction::Pragma { pragma_name, .. } => allow_if(false, pragma_name),
        _ => allow_if(false, "this kind of statement"),
    }
}

fn judge_function(name: &str, schema: bool) -> Result<(), Refusal> {
    let known = FUNCTIONS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name));
    // SQLite calls functions of its own to carry out `ALTER TABLE`.
    let altering = schema && (name.starts_with("sqlite_rename") || name.starts_with("sqlite_drop"));
    if known || altering {
        Ok(())
    } else {
        Err(Refusal::NotDeterministic(name.to_owned()))
    }
}

fn own_is_refused(table: &str) -> Result<(), Refusal> {
    allow_if(!table.starts_with(OWN_PREFIX), table)
}

fn allow_if(allowed: bool, what: &str) -> Result<(), Refusal> {
    if allowed {
        Ok(())
    } else {
        Err(Refusal::NotAllowed(what.to_owned()))
    }
}
