//! apt with a state of its own: it sees no package of this machine, changes
//! nothing on it, and shares only the keys of Debian's archive.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use megh_host::command::Cmd;
use megh_model::recipe::Recipe;

use crate::lock::{Archive, Package};
use crate::mirror::Mirror;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// An apt that knows the recipe's archives and an empty system.
pub struct PrivateApt<'m> {
    conf: PathBuf,
    mirror: &'m Mirror,
}

impl<'m> PrivateApt<'m> {
    /// Sets it up in `dir`.
    pub fn new(dir: &Path, recipe: &Recipe, mirror: &'m Mirror) -> Result<Self> {
        ensure!(
            Path::new(KEYRING).exists(),
            "{KEYRING} is missing; install debian-archive-keyring"
        );
        let conf = dir.join("apt.conf");
        for sub in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(dir.join(sub))
                .with_context(|| format!("cannot make {}", dir.display()))?;
        }
        let write = |path: &Path, text: &str| {
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
        };
        write(&dir.join("status"), "")?;
        write(&dir.join("sources.list"), &sources(recipe, mirror))?;
        write(&conf, &configuration(dir))?;
        Ok(Self { conf, mirror })
    }

    /// Fetches the archives' indices and checks their signatures.
    pub fn update(&self) -> Result<()> {
        self.cmd("apt-get")
            .args(["--quiet", "update"])
            .run()
            .context("cannot fetch the archive's indices")?;
        Ok(())
    }

    /// The packages that an empty system needs to have `names`.
    pub fn resolve(&self, names: &[&str]) -> Result<Vec<Package>> {
        let printed = self
            .cmd("apt-get")
            .args(["install", "--yes", "--print-uris", "?essential"])
            .args(names)
            .stdout()?;
        self.packages(&printed)
    }

    /// The kernel's package that the metapackage `name` depends on.
    pub fn kernel(&self, name: &str) -> Result<Package> {
        let printed = self.cmd("apt-cache").args(["depends", name]).stdout()?;
        let image = printed
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "))
            .find(|package| package.starts_with("linux-image-"))
            .with_context(|| format!("{name} depends on no kernel"))?;
        let printed = self
            .cmd("apt-get")
            .args(["download", "--print-uris", image])
            .stdout()?;
        let mut found = self.packages(&printed)?;
        match (found.pop(), found.is_empty()) {
            (Some(kernel), true) => Ok(kernel),
            _ => bail!("apt does not name one file for {image}"),
        }
    }

    fn packages(&self, printed: &str) -> Result<Vec<Package>> {
        printed
            .lines()
            .filter(|line| line.starts_with('\''))
            .map(|line| {
                parse_line(line, self.mirror)
                    .with_context(|| format!("apt printed what is not understood: {line}"))
            })
            .collect()
    }

    fn cmd(&self, program: &str) -> Cmd {
        Cmd::new(program)
            .env("APT_CONFIG", &self.conf)
            .env("LC_ALL", "C.UTF-8")
    }
}

fn sources(recipe: &Recipe, mirror: &Mirror) -> String {
    let Recipe {
        suite, components, ..
    } = recipe;
    let components = components.join(" ");
    let line = |archive, suite: &str| {
        format!(
            "deb [signed-by={KEYRING}] {} {suite} {components}\n",
            mirror.site(archive)
        )
    };
    [
        line(Archive::Debian, suite),
        line(Archive::Debian, &format!("{suite}-updates")),
        line(Archive::DebianSecurity, &format!("{suite}-security")),
    ]
    .concat()
}

fn configuration(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        r#"Dir::State "{dir}/state";
Dir::State::status "{dir}/status";
Dir::Cache "{dir}/cache";
Dir::Etc::sourcelist "{dir}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::ForceHash "SHA256";
"#
    )
}

/// A line of `--print-uris`: `'URL' FILE SIZE SHA256:DIGEST`, where FILE is
/// `NAME_VERSION_ARCH.deb` with the version's colon as `%3a`.
fn parse_line(line: &str, mirror: &Mirror) -> Option<Package> {
    let mut words = line.split(' ');
    let url = decode(words.next()?.trim_matches('\''))?;
    let file = decode(words.next()?)?;
    let size = words.next()?.parse().ok()?;
    let sha256 = words.next()?.strip_prefix("SHA256:")?.to_owned();
    let (archive, path) = mirror.locate(&url)?;
    let mut parts = file.strip_suffix(".deb")?.split('_');
    let (name, version, arch) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Package {
        group: String::new(),
        name: name.to_owned(),
        version: version.to_owned(),
        arch: arch.to_owned(),
        size,
        sha256,
        archive,
        path: path.to_owned(),
    })
}

/// Undoes percent encoding.
fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        let code = u8::from_str_radix(part.get(..2)?, 16).ok()?;
        decoded.push(char::from(code));
        decoded.push_str(&part[2..]);
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror() -> Mirror {
        Mirror::from_sites("http://m.example/debian\nhttp://m.example/debian-security\n").unwrap()
    }

    #[test]
    fn a_line_of_apt_is_a_package() {
        let digest = "ca712d36790184f6ac125ce2b20ea4e2202ae6bb7817b7de268f1f0115ccda73";
        let line = format!(
            "'http://m.example/debian-security/pool/updates/main/q/qemu/qemu-utils_10.0.13%2bds-0%2bdeb13u1_amd64.deb' \
             qemu-utils_1%3a10.0.13+ds-0+deb13u1_amd64.deb 2023456 SHA256:{digest}"
        );
        let package = parse_line(&line, &mirror()).unwrap();
        assert_eq!(package.name, "qemu-utils");
        assert_eq!(package.version, "1:10.0.13+ds-0+deb13u1");
        assert_eq!(package.arch, "amd64");
        assert_eq!(package.size, 2_023_456);
        assert_eq!(package.archive, Archive::DebianSecurity);
        assert_eq!(
            package.file_name(),
            "qemu-utils_10.0.13+ds-0+deb13u1_amd64.deb"
        );
    }

    #[test]
    fn other_hashes_and_other_sites_are_not_understood() {
        let line = "'http://m.example/debian/pool/a_1_all.deb' a_1_all.deb 12 MD5Sum:00";
        assert_eq!(parse_line(line, &mirror()), None);
        let line = "'http://n.example/pool/a_1_all.deb' a_1_all.deb 12 SHA256:00";
        assert_eq!(parse_line(line, &mirror()), None);
    }
}
