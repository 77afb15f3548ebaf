//! `megh-image keys`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use megh_model::release;

use crate::keys::{self, Change, Keys, LIFETIME};

/// What a key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Root documents
    Root,
    /// Indexes and manifests
    Release,
}

impl From<Role> for release::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Root => Self::Root,
            Role::Release => Self::Release,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Make a set: a root key, a release key, a boot key, and the first root document
    Make {
        /// Folder to make them in
        dir: PathBuf,
    },
    /// Make a new key of a role, retire the ones before, and sign a new root document
    Rotate {
        /// Folder of the keys, with a root key
        dir: PathBuf,
        /// What the new key may sign
        #[arg(long)]
        role: Role,
        /// Days until the new root document expires
        #[arg(long, default_value_t = LIFETIME, value_name = "DAYS")]
        expires_in: u64,
    },
    /// Sign a new root document: with other keys or thresholds, or only a later expiry
    Root {
        /// Folder of the keys
        dir: PathBuf,
        /// A public key (minisign's `.pub`) that shall sign indexes and manifests
        #[arg(long, value_name = "FILE")]
        add_release: Vec<PathBuf>,
        /// A public key (minisign's `.pub`) that shall sign root documents
        #[arg(long, value_name = "FILE")]
        add_root: Vec<PathBuf>,
        /// The identifier of a key that is trusted no longer
        #[arg(long, value_name = "ID")]
        retire: Vec<String>,
        /// How many root keys must sign
        #[arg(long, value_name = "N")]
        root_threshold: Option<u8>,
        /// How many release keys must sign
        #[arg(long, value_name = "N")]
        release_threshold: Option<u8>,
        /// Days until it expires
        #[arg(long, default_value_t = LIFETIME, value_name = "DAYS")]
        expires_in: u64,
        /// Sign elsewhere: it is put into DIR, and its signature awaited there
        #[arg(long, value_name = "DIR")]
        sign_offline: Option<PathBuf>,
    },
    /// Show the keys of the newest root document
    Show {
        /// Folder of the keys
        dir: PathBuf,
    },
}

impl KeysCommand {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Make { dir } => keys::make(&dir).map(drop),
            Self::Rotate {
                dir,
                role,
                expires_in,
            } => {
                let keys = Keys::of_documents(&dir)?;
                told(keys::rotate(&keys, role.into(), Some(expires_in))?);
                Ok(())
            }
            Self::Root {
                dir,
                add_release,
                add_root,
                retire,
                root_threshold,
                release_threshold,
                expires_in,
                sign_offline,
            } => {
                let roots = add_root.into_iter().map(|key| (key, release::Role::Root));
                let releases = add_release
                    .into_iter()
                    .map(|key| (key, release::Role::Release));
                let wanted = Change {
                    add: roots.chain(releases).collect(),
                    retire,
                    root_threshold,
                    release_threshold,
                    expires_in: Some(expires_in),
                };
                let keys = Keys::of_documents(&dir)?;
                told(keys::change(&keys, &wanted, sign_offline.as_deref())?);
                Ok(())
            }
            Self::Show { dir } => show(&Keys::of_documents(&dir)?),
        }
    }
}

fn told(version: u64) {
    eprintln!(
        "    root document {version} is signed; `megh-image index` or `release` puts it on a site"
    );
}

fn show(keys: &Keys) -> Result<()> {
    let root = keys.root()?;
    let document = root.document();
    let thresholds = document.thresholds;
    println!(
        "root document {}, expires at {} (seconds since 1970); {} root and {} release keys must sign",
        document.version, document.expires, thresholds.root, thresholds.release
    );
    for key in &document.keys {
        let role = match key.role {
            release::Role::Root => "root",
            release::Role::Release => "release",
        };
        let retired = if key.retired { ", retired" } else { "" };
        let development = if key.development {
            ", for development"
        } else {
            ""
        };
        println!("{} {role}{retired}{development}", key.id);
    }
    Ok(())
}
