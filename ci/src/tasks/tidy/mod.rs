//! The structure of the code: what the compiler does not check.

mod absences;
mod dependencies;
mod lengths;
mod sources;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Runs every check and names all that is wrong, not only the first.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let rust = sources::read(workspace, &["rs"])?;
    let web = sources::read(workspace, &["ts", "tsx", "css"])?;
    let mut wrong = dependencies::check(workspace)?;
    wrong.extend(absences::check(&rust));
    wrong.extend(lengths::check(&rust));
    wrong.extend(lengths::check(&web));
    lengths::print(&rust, &web);
    if wrong.is_empty() {
        return Ok(());
    }
    for one in &wrong {
        println!("  {one}");
    }
    bail!("{} breaches of the house rules", wrong.len())
}
