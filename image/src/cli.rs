//! The command line.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};
use megh_model::release::{Channel, Version};

use crate::build::{self, BuildRequest, OnGone};
use crate::lock::{self, Lock};
use crate::mirror::Mirror;
use crate::{keys, workspace};

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
    /// Make signing keys
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

#[derive(Subcommand)]
enum KeysCommand {
    /// Make a set: a root key, a release key, a boot key, and the first root document
    Make {
        /// Folder to make them in
        dir: PathBuf,
    },
}

/// Does what the command line asks.
pub fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Build(args) => build::run(&BuildRequest {
            recipe: args.recipe,
            out: args.out,
            cache: workspace::cache_dir(args.cache.cache)?,
            keys: args.keys,
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
        Command::Keys(KeysCommand::Make { dir }) => keys::make(&dir).map(drop),
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
