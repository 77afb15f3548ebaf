//! What the product calls itself.

/// Name and version of the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Short name, as in the names of files.
    pub id: String,
    /// Version, `MAJOR.MINOR.PATCH`.
    pub version: String,
}

impl Identity {
    /// The text of `/etc/os-release`.
    pub fn os_release(&self) -> String {
        let Self { id, version } = self;
        format!(
            "NAME=MeghOS\nID={id}\nID_LIKE=debian\nVERSION_ID={version}\n\
             PRETTY_NAME=\"MeghOS {version}\"\nIMAGE_ID={id}\nIMAGE_VERSION={version}\n\
             DEFAULT_HOSTNAME={id}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_has_a_pair_on_every_line() {
        let text = Identity {
            id: "meghos".to_owned(),
            version: "1.2.3".to_owned(),
        }
        .os_release();
        assert!(text.ends_with('\n'));
        assert!(text.lines().all(|line| line.split_once('=').is_some()));
        assert!(text.lines().any(|line| line == "VERSION_ID=1.2.3"));
    }
}
