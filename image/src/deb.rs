//! Reading package files.

use std::path::Path;

use anyhow::{Context, Result};
use megh_host::command::Cmd;

/// The control fields of a package file, as in an index of packages.
pub fn control(file: &Path) -> Result<String> {
    let text = Cmd::new("dpkg-deb")
        .arg("--field")
        .arg(file)
        .stdout()
        .with_context(|| format!("cannot read the package file {}", file.display()))?;
    Ok(text)
}

/// The value of a one-line field.
pub fn field<'a>(control: &'a str, name: &str) -> Option<&'a str> {
    control
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let control = "Package: a\nInstalled-Size: 12\nDescription: b\n Size: 7\n";
        assert_eq!(field(control, "Installed-Size"), Some("12"));
        assert_eq!(field(control, "Size"), None);
        assert_eq!(field(control, "Pack"), None);
    }
}
