//! Questions to who sits at the terminal.

use std::io::{self, BufRead, Write};

use anyhow::{Context, Result, bail};

/// Asks for a line.
pub(crate) fn line(question: &str) -> Result<String> {
    eprint!("{question}: ");
    io::stderr().flush()?;
    let mut text = String::new();
    if io::stdin().lock().read_line(&mut text)? == 0 {
        bail!("nobody answers `{question}`");
    }
    Ok(text.trim().to_owned())
}

/// Asks for a password without showing it, or reads it from standard input.
/// A new one is asked for twice.
pub(crate) fn password(from_stdin: bool, new: bool) -> Result<String> {
    if from_stdin {
        let mut text = String::new();
        io::stdin()
            .lock()
            .read_line(&mut text)
            .context("cannot read the password")?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let ask = |question: &str| {
        rpassword::prompt_password(question)
            .context("cannot ask for the password; give it with --password-stdin")
    };
    let password = ask(if new {
        "New password (at least 12 characters): "
    } else {
        "Password: "
    })?;
    if new && ask("Once more: ")? != password {
        bail!("the two passwords differ");
    }
    Ok(password)
}
