//! Installs the Debian packages that the workshop needs and does not have.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use megh_host::command::Cmd;

/// The one list of packages.
const LIST: &str = include_str!("../../packages.txt");
const BACKPORTS: &str = "bookworm-backports";
const BACKPORTS_LIST: &str = "/etc/apt/sources.list.d/meghos-backports.list";
/// Debian's keys, which every Debian has here.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The oldest QEMU that the tests were made for.
const QEMU_MAJOR: u32 = 10;

/// A line of the list.
#[derive(Debug, PartialEq, Eq)]
struct Package<'a> {
    name: &'a str,
    only: Option<&'a str>,
    unless: Option<&'a str>,
}

/// Installs what is missing; does nothing when nothing is.
pub(crate) fn run() -> Result<()> {
    let release = debian_release()?;
    let packages = parse(LIST);
    let plain: Vec<&str> = packages
        .iter()
        .filter(|package| !from_backports(package, release) && applies(package, release))
        .filter(|package| !package.unless.is_some_and(is_program))
        .map(|package| package.name)
        .filter(|name| !is_installed(name))
        .collect();
    let new_qemu = qemu_major().is_some_and(|major| major >= QEMU_MAJOR);
    let backports: Vec<&str> = packages
        .iter()
        .filter(|package| from_backports(package, release))
        .map(|package| package.name)
        .filter(|name| !new_qemu || !is_installed(name))
        .collect();
    if plain.is_empty() && backports.is_empty() {
        println!("all packages are installed");
        return Ok(());
    }
    if !backports.is_empty() {
        enable_backports()?;
    }
    as_root(&["apt-get", "update", "-q"]).interactive().run()?;
    install(&plain, None)?;
    install(&backports, Some(BACKPORTS))
}

fn parse(list: &str) -> Vec<Package<'_>> {
    list.lines()
        .filter_map(|line| {
            let mut words = line.split('#').next()?.split_whitespace();
            let name = words.next()?;
            let marks: Vec<&str> = words.collect();
            let mark = |prefix| marks.iter().find_map(|mark| mark.strip_prefix(prefix));
            Some(Package {
                name,
                only: mark("@"),
                unless: mark("unless:"),
            })
        })
        .collect()
}

fn applies(package: &Package<'_>, release: u32) -> bool {
    package
        .only
        .is_none_or(|only| only.ends_with("-backports") || only == release.to_string())
}

fn from_backports(package: &Package<'_>, release: u32) -> bool {
    package.only == Some(&format!("{release}-backports"))
}

fn debian_release() -> Result<u32> {
    let text = fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim_matches('"'))
    };
    match (
        field("ID="),
        field("VERSION_ID=").and_then(|version| version.parse().ok()),
    ) {
        (Some("debian"), Some(release @ (12 | 13))) => Ok(release),
        _ => bail!(
            "this workshop is made for Debian 12 and 13; install the packages of ci/packages.txt by hand"
        ),
    }
}

fn is_installed(package: &str) -> bool {
    Cmd::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stdout()
        .is_ok_and(|status| status == "installed")
}

/// Whether a program of this name is in one of the folders of `PATH`.
fn is_program(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

fn qemu_major() -> Option<u32> {
    let text = Cmd::new("qemu-system-x86_64")
        .arg("--version")
        .stdout()
        .ok()?;
    text.strip_prefix("QEMU emulator version ")?
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// Adds the backports suite of the mirror that this machine uses already.
fn enable_backports() -> Result<()> {
    let known = Cmd::new("apt-get")
        .args(["indextargets", "--format", "$(RELEASE) $(SITE)"])
        .stdout()?;
    if known.lines().any(|line| line.starts_with(BACKPORTS)) {
        return Ok(());
    }
    let site = known
        .lines()
        .find_map(|line| line.strip_prefix("bookworm "))
        .context("apt knows no mirror of bookworm")?;
    println!("adding {BACKPORTS} to {BACKPORTS_LIST}");
    let line = format!("deb [signed-by={KEYRING}] {site} {BACKPORTS} main\n");
    as_root(&["tee", BACKPORTS_LIST]).stdin(line).run()?;
    Ok(())
}

fn install(packages: &[&str], suite: Option<&str>) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    println!("installing {}", packages.join(" "));
    let mut apt = as_root(&[
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-q",
        "-y",
    ])
    .arg("--no-install-recommends");
    if let Some(suite) = suite {
        apt = apt.args(["-t", suite]);
    }
    apt.args(packages)
        .interactive()
        .run()
        .context("installing packages")?;
    Ok(())
}

/// A command with root's rights.
fn as_root(command: &[&str]) -> Cmd {
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|us| std::os::unix::fs::MetadataExt::uid(&us) == 0);
    if is_root || !Path::new("/usr/bin/sudo").exists() {
        Cmd::new(command[0]).args(&command[1..])
    } else {
        Cmd::new("sudo").args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_with_its_marks() {
        let list =
            "# a remark\n\ngcc  # linker\nqemu-utils @12-backports # new\nfoo @13 unless:bar\n";
        let packages = parse(list);
        let names: Vec<_> = packages.iter().map(|package| package.name).collect();
        assert_eq!(names, ["gcc", "qemu-utils", "foo"]);
        assert_eq!(
            (packages[0].unless, packages[2].unless),
            (None, Some("bar"))
        );
        assert!(from_backports(&packages[1], 12) && !from_backports(&packages[1], 13));
        assert!(
            applies(&packages[1], 13) && applies(&packages[2], 13) && !applies(&packages[2], 12)
        );
    }

    #[test]
    fn every_package_of_the_list_is_named_once() {
        let mut names: Vec<_> = parse(LIST).iter().map(|package| package.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
