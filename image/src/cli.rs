//! The command line.

mod delta;
mod keys;
mod site;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};
use megh_model::release::{Channel, Version};

use crate::build::{self, BuildRequest, OnGone};
use crate::lock::{self, Lock};
use crate::mirror::Mirror;
use crate::workspace;

use keys::KeysCommand;
use site::{IndexArgs, PublishArgs};

/// Builds the image of MeghOS: root file system, kernel, loaders, medium and
/// signed release.
#[derive(Parser)]
#[command(name = "megh-image", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything of a recipe from its lock
    Build(BuildArgs),
    /// Pin today's packages in the recipe's lock, and say what changed
    Lock(LockArgs),
    /// Put a build's release on a site, and list it in its channel
    Release(PublishArgs),
    /// Make a new index of a site's channel
    Index(IndexArgs),
    /// Tell what an update from one release to another moves
    Delta(delta::DeltaArgs),
    /// Make and change signing keys
    #[command(subcommand)]
    Keys(KeysCommand),
}

#[derive(Args)]
struct CacheArg {
    /// Folder for packages, tools and finished stages [default: ~/.cache/meghos]
    #[arg(long, env = workspace::CACHE_VARIABLE, value_name = "DIR")]
    cache: Option<PathBuf>,
}

#[derive(Args)]
struct BuildArgs {
    /// The recipe
    recipe: PathBuf,
    /// Folder for the results
    #[arg(long, default_value = "out", value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    cache: CacheArg,
    /// Folder with the signing keys [default: development keys in the cache]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Sign documents elsewhere: they are put into DIR, and their signatures awaited there
    #[arg(long, value_name = "DIR")]
    sign_offline: Option<PathBuf>,
    /// Version of the release
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"), value_name = "X.Y.Z")]
    version: Version,
    /// The channel it is for: stable or candidate
    #[arg(long, default_value_t = Channel::Stable)]
    channel: Channel,
    /// The least version that a machine installs once this release has proved itself on it
    #[arg(long, default_value = "0.0.0", value_name = "X.Y.Z")]
    floor: Version,
    /// Build for the public: refuse development keys and any other lock
    #[arg(long, requires = "keys")]
    release: bool,
    /// Build with a lock of today's packages when a pinned one is to be had no longer
    #[arg(long, conflicts_with = "release")]
    refresh_lock_if_gone: bool,
    /// Lay the folders `root` and `initrd` of DIR over the image: a release for tests
    #[arg(long, conflicts_with = "release", value_name = "DIR")]
    variant: Option<PathBuf>,
}

#[derive(Args)]
struct LockArgs {
    /// The recipe
    recipe: PathBuf,
    #[command(flatten)]
    cache: CacheArg,
    /// Only say what would change; the exit status is 1 if anything would
    #[arg(long)]
    check: bool,
}

/// Does what the command line asks.
pub fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Build(args) => build::run(&BuildRequest {
            recipe: args.recipe,
            out: args.out,
            cache: workspace::cache_dir(args.cache.cache)?,
            keys: args.keys,
            sign_offline: args.sign_offline,
            version: args.version,
            channel: args.channel,
            floor: args.floor,
            release: args.release,
            variant: args.variant,
            on_gone: match args.refresh_lock_if_gone {
                true => OnGone::RefreshLock,
                false => OnGone::Stop,
            },
        }),
        Command::Lock(args) => refresh_lock(&args),
        Command::Release(args) => args.run(),
        Command::Index(args) => args.run(),
        Command::Delta(args) => args.run(),
        Command::Keys(command) => command.run(),
    }
}

fn refresh_lock(args: &LockArgs) -> Result<()> {
    let recipe = build::read_recipe(&args.recipe)?;
    let cache = workspace::cache_dir(args.cache.cache.clone())?;
    let path = Lock::path_for(&args.recipe);
    let old = match path.exists() {
        true => Lock::load(&args.recipe)?,
        false => Lock::empty(),
    };
    let new = lock::refresh(&recipe, &Mirror::of_this_machine()?, &cache.join("apt"))?;
    let changes = lock::compare(&old, &new);
    for change in &changes {
        println!("{change}");
    }
    println!("{} packages, {} changes", new.packages.len(), changes.len());
    if args.check {
        ensure!(changes.is_empty(), "the lock is not of today's packages");
    } else if !changes.is_empty() || old.packages != new.packages {
        new.save(&args.recipe)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        for line in [
            "build r.toml --version 1.2.3 --channel candidate --floor 1.0.0",
            "release out site --rollout 20 --from 1.0.0 --sign-offline d",
            "index site --rollout 1.2.3=20 --withdraw 1.0.0 --expires-in 30",
            "delta old new --locks a.lock b.lock --json",
            "keys make d",
            "keys rotate d --role release",
            "keys root d --add-root k.pub --retire 0123456789ABCDEF --root-threshold 2",
            "keys show d",
        ] {
            let words = ["megh-image"].into_iter().chain(line.split(' '));
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
        for line in [
            "build r.toml --version 1.2",
            "release out site --rollout 101",
            "index site --rollout 1.2.3=200",
            "index site --channel nightly",
        ] {
            let words = ["megh-image"].into_iter().chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
