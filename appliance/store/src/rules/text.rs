//! Rules that the text of a statement is searched for.

use crate::error::Refusal;
use crate::rules::tokens::{Token, tokens};
use crate::rules::{OWN_PREFIX, REFUSED_FUNCTIONS};

const CLOCK_WORDS: &[&str] = &["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"];

/// Words that end a transaction, or keep half of a failed statement, where a
/// conflict clause or a trigger may name them.
const CONFLICT_WORDS: &[&str] = &["ROLLBACK", "FAIL"];

/// Judges one statement of a closure.
pub(crate) fn check_statement(sql: &str) -> Result<(), Refusal> {
    let tokens = tokens(sql);
    let end = tokens.iter().position(|token| *token == Token::Symbol(';'));
    if end.is_some_and(|end| end + 1 < tokens.len()) {
        return Err(Refusal::NotAllowed("several statements".to_owned()));
    }
    check(&tokens)
}

/// Judges the statements of a migration.
pub(crate) fn check_migration(sql: &str) -> Result<(), Refusal> {
    check(&tokens(sql))
}

fn check(tokens: &[Token<'_>]) -> Result<(), Refusal> {
    for (at, token) in tokens.iter().enumerate() {
        let (Token::Word(name) | Token::Quoted(name)) = *token else {
            continue;
        };
        if name.to_ascii_lowercase().starts_with(OWN_PREFIX) {
            return Err(Refusal::NotAllowed(name.to_owned()));
        }
        if CLOCK_WORDS.iter().any(|word| token.is(word)) {
            return Err(Refusal::NotDeterministic(name.to_owned()));
        }
        let called = tokens.get(at + 1) == Some(&Token::Symbol('('));
        if called && contains(REFUSED_FUNCTIONS, name) && !is_table(tokens, at) {
            return Err(Refusal::NotDeterministic(name.to_owned()));
        }
        // Such a constraint fails at the commit, where nobody is left to tell.
        if token.is("DEFERRED") && at > 0 && tokens[at - 1].is("INITIALLY") {
            return Err(Refusal::NotAllowed("INITIALLY DEFERRED".to_owned()));
        }
        if contains(CONFLICT_WORDS, name) && is_conflict_clause(tokens, at) {
            return Err(Refusal::NotAllowed(name.to_owned()));
        }
    }
    Ok(())
}

fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// True where a name before a parenthesis is a table: `INSERT INTO time(…)`.
fn is_table(tokens: &[Token<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| tokens[before]) else {
        return false;
    };
    ["INTO", "TABLE", "EXISTS", "ON", "REFERENCES"]
        .iter()
        .any(|word| before.is(word))
}

/// True after `OR`, `CONFLICT` and `RAISE(`.
fn is_conflict_clause(tokens: &[Token<'_>], at: usize) -> bool {
    let before = |steps| at.checked_sub(steps).map(|before| tokens[before]);
    let is = |steps, word| before(steps).is_some_and(|token| token.is(word));
    is(1, "OR") || is(1, "CONFLICT") || (before(1) == Some(Token::Symbol('(')) && is(2, "RAISE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_deterministic_is_refused() {
        for sql in [
            "INSERT INTO t VALUES (CURRENT_TIMESTAMP)",
            "INSERT INTO t VALUES (current_date)",
            "CREATE TABLE t(a TEXT DEFAULT CURRENT_TIME)",
            "CREATE TABLE t(a INTEGER DEFAULT (random()))",
            "CREATE TABLE t(a TEXT DEFAULT (\"datetime\"('now')))",
            "UPDATE t SET a = Unixepoch ()",
            "SELECT last_insert_rowid()",
        ] {
            let refusal = check_migration(sql).expect_err(sql);
            assert!(
                matches!(refusal, Refusal::NotDeterministic(_)),
                "{sql}: {refusal}"
            );
        }
    }

    #[test]
    fn what_breaks_transactions_is_refused() {
        for sql in [
            "INSERT OR ROLLBACK INTO t VALUES (1)",
            "INSERT OR FAIL INTO t VALUES (1)",
            "CREATE TABLE t(a INTEGER UNIQUE ON CONFLICT ROLLBACK)",
            "SELECT RAISE(ROLLBACK, 'no')",
            "CREATE TABLE t(a REFERENCES b DEFERRABLE INITIALLY DEFERRED)",
            "DELETE FROM _store_meta",
            "DELETE FROM \"_STORE_meta\"",
        ] {
            let refusal = check_migration(sql).expect_err(sql);
            assert!(
                matches!(refusal, Refusal::NotAllowed(_)),
                "{sql}: {refusal}"
            );
        }
    }

    #[test]
    fn ordinary_sql_passes() {
        for sql in [
            "INSERT INTO date(a) VALUES ('CURRENT_TIMESTAMP')",
            "SELECT fail, rollback FROM t WHERE a OR b",
            "INSERT OR REPLACE INTO t(a) VALUES (?1);",
            "SELECT random FROM t -- random()",
            "CREATE TABLE IF NOT EXISTS time(a TEXT)",
        ] {
            check_statement(sql).expect(sql);
        }
    }

    #[test]
    fn a_second_statement_is_refused() {
        assert!(check_statement("DELETE FROM a; DELETE FROM b").is_err());
    }
}
