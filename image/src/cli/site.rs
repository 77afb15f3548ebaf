//! `megh-image release` and `megh-image index`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use megh_model::release::{Channel, Version};

use super::CacheArg;
use crate::desk::Desk;
use crate::keys::Keys;
use crate::release::INDEX_LIFETIME;
use crate::site::{self, Publication, Relisting};
use crate::workspace;

/// Who signs, and for how long.
#[derive(Args)]
struct Signing {
    #[command(flatten)]
    cache: CacheArg,
    /// Folder with the signing keys [default: development keys in the cache]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Sign documents elsewhere: they are put into DIR, and their signatures awaited there
    #[arg(long, value_name = "DIR")]
    sign_offline: Option<PathBuf>,
    /// Days until the index expires
    #[arg(long, default_value_t = INDEX_LIFETIME, value_name = "DAYS")]
    expires_in: u64,
}

impl Signing {
    fn keys(&self) -> Result<Keys> {
        match &self.keys {
            Some(dir) => Keys::of_documents(dir),
            None => Keys::development(&workspace::cache_dir(self.cache.cache.clone())?),
        }
    }
}

#[derive(Args)]
pub(super) struct PublishArgs {
    /// Folder with the results of the build
    build: PathBuf,
    /// Folder of the site; made when absent
    site: PathBuf,
    /// List it in this channel [default: the one it was built for]
    #[arg(long)]
    channel: Option<Channel>,
    /// How many machines of a hundred get it by themselves
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    rollout: u8,
    /// The least version that can be updated to it in one step
    #[arg(long, value_name = "X.Y.Z")]
    from: Option<Version>,
    #[command(flatten)]
    signing: Signing,
}

impl PublishArgs {
    pub(super) fn run(self) -> Result<()> {
        let keys = self.signing.keys()?;
        let desk = Desk::new(&keys, self.signing.sign_offline.as_deref());
        let publication = Publication {
            build: self.build,
            channel: self.channel,
            rollout: self.rollout,
            from: self.from,
            expires_in: self.signing.expires_in,
        };
        site::publish(&self.site, &publication, &desk)
    }
}

#[derive(Args)]
pub(super) struct IndexArgs {
    /// Folder of the site
    site: PathBuf,
    /// The channel
    #[arg(long, default_value_t = Channel::Stable)]
    channel: Channel,
    /// How many machines of a hundred get a release by themselves
    #[arg(long, value_name = "X.Y.Z=PERCENT", value_parser = rollout)]
    rollout: Vec<(Version, u8)>,
    /// Offer a release no longer
    #[arg(long, value_name = "X.Y.Z")]
    withdraw: Vec<Version>,
    #[command(flatten)]
    signing: Signing,
}

impl IndexArgs {
    pub(super) fn run(self) -> Result<()> {
        let keys = self.signing.keys()?;
        let desk = Desk::new(&keys, self.signing.sign_offline.as_deref());
        let relisting = Relisting {
            rollouts: self.rollout,
            withdraw: self.withdraw,
        };
        let expires_in = self.signing.expires_in;
        site::relist(&self.site, self.channel, &relisting, expires_in, &desk)
    }
}

fn rollout(text: &str) -> Result<(Version, u8)> {
    let (version, percent) = text.split_once('=').context("it must look like 1.2.3=20")?;
    let percent: u8 = percent
        .parse()
        .ok()
        .filter(|percent| *percent <= 100)
        .with_context(|| format!("`{percent}` is not a number from 0 to 100"))?;
    Ok((version.parse()?, percent))
}
