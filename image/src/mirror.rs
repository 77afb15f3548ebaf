//! Where packages come from: this machine's own choice of a mirror.

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use crate::lock::{Archive, Package};

/// Names the mirror, when this machine's own is not to be used.
pub const MIRROR_VARIABLE: &str = "MEGHOS_MIRROR";

/// The addresses of the archives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    debian: String,
    security: String,
}

impl Mirror {
    /// The mirror that the environment names, or the one this machine's apt uses.
    pub fn of_this_machine() -> Result<Self> {
        let named = std::env::var(MIRROR_VARIABLE).ok();
        if let Some(mirror) = named.filter(|text| !text.is_empty()) {
            return Ok(Self::beside(&mirror));
        }
        let sites = Cmd::new("apt-get")
            .args(["indextargets", "--format", "$(SITE)"])
            .stdout()
            .context("cannot ask apt for this machine's mirror")?;
        Self::from_sites(&sites).with_context(|| {
            format!("this machine's apt knows no Debian mirror; name one in {MIRROR_VARIABLE}")
        })
    }

    /// Picks Debian's archives among the sites apt knows.
    pub(crate) fn from_sites(sites: &str) -> Option<Self> {
        let ending = |ending: &str| {
            sites
                .lines()
                .map(|site| site.trim_end_matches('/'))
                .find(|site| site.ends_with(ending))
        };
        let mirror = Self::beside(ending("/debian")?);
        Some(match ending("/debian-security") {
            Some(security) => Self {
                security: security.to_owned(),
                ..mirror
            },
            None => mirror,
        })
    }

    /// The archive of security updates usually lies beside the main one.
    fn beside(mirror: &str) -> Self {
        let debian = mirror.trim_end_matches('/').to_owned();
        let security = format!("{debian}-security");
        Self { debian, security }
    }

    /// The address of an archive.
    pub fn site(&self, archive: Archive) -> &str {
        match archive {
            Archive::Debian => &self.debian,
            Archive::DebianSecurity => &self.security,
        }
    }

    /// The address of a package.
    pub fn url(&self, package: &Package) -> String {
        // As apt writes it: some servers take a bare `+` for a space.
        let path = package.path.replace('+', "%2b");
        format!("{}/{path}", self.site(package.archive))
    }

    /// The archive that an address lies in, and the path there.
    pub fn locate<'a>(&self, url: &'a str) -> Option<(Archive, &'a str)> {
        [Archive::DebianSecurity, Archive::Debian]
            .into_iter()
            .find_map(|archive| {
                let path = url.strip_prefix(self.site(archive))?.strip_prefix('/')?;
                Some((archive, path))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_is_found_among_other_sites() {
        let sites = "https://apt.example/other\nhttp://m.example/debian/\nhttp://s.example/debian-security\n";
        let mirror = Mirror::from_sites(sites).unwrap();
        assert_eq!(mirror.site(Archive::Debian), "http://m.example/debian");
        assert_eq!(
            mirror.site(Archive::DebianSecurity),
            "http://s.example/debian-security"
        );
        assert_eq!(Mirror::from_sites("https://apt.example/other\n"), None);
    }

    #[test]
    fn addresses_are_taken_apart() {
        let mirror = Mirror::beside("http://m.example/debian");
        assert_eq!(
            mirror.locate("http://m.example/debian/pool/a.deb"),
            Some((Archive::Debian, "pool/a.deb"))
        );
        assert_eq!(
            mirror.locate("http://m.example/debian-security/pool/a.deb"),
            Some((Archive::DebianSecurity, "pool/a.deb"))
        );
        assert_eq!(mirror.locate("http://n.example/debian/pool/a.deb"), None);
    }
}
