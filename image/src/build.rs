//! A build from beginning to end.

mod pipeline;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use megh_model::recipe::Recipe;
use megh_model::release::{Channel, Version};

use crate::fetch::{Debs, FetchError};
use crate::lock::{self, Lock};
use crate::mirror::Mirror;
use crate::stage::{Stages, seconds};
use crate::{keys, workspace};

use pipeline::Pipeline;

/// What to do when a pinned package is neither on the mirror nor in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnGone {
    /// Stop and name it.
    Stop,
    /// Go on with a lock of today's packages, and say so.
    RefreshLock,
}

/// What to build, and how.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The recipe's file.
    pub recipe: PathBuf,
    /// Folder for the results.
    pub out: PathBuf,
    /// Folder for packages, tools and finished stages.
    pub cache: PathBuf,
    /// Folder with the signing keys; development keys when absent.
    pub keys: Option<PathBuf>,
    /// Folder where documents are put to be signed elsewhere; signed here when absent.
    pub sign_offline: Option<PathBuf>,
    /// Version of the release.
    pub version: Version,
    /// The channel it is for.
    pub channel: Channel,
    /// The least version that a machine installs once this release has proved
    /// itself on it.
    pub floor: Version,
    /// Whether this is a release for the public.
    pub release: bool,
    /// Folder of a variant: its folders `root` and `initrd` are laid over the
    /// root file system and the initrd.
    pub variant: Option<PathBuf>,
    /// What to do when a package is gone.
    pub on_gone: OnGone,
}

/// Reads a recipe's file.
pub fn read_recipe(path: &Path) -> Result<Recipe> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Recipe::parse(&text).with_context(|| format!("{} is not a recipe", path.display()))
}

/// Builds. Call it before there are threads.
pub fn run(request: &BuildRequest) -> Result<()> {
    let started = Instant::now();
    let recipe = read_recipe(&request.recipe)?;
    let lock = Lock::load(&request.recipe)?;
    let keys = signing_keys(request)?;
    megh_host::mount::private_namespace()
        .context("building an image needs root's rights to mount")?;
    let _lock = workspace::lock_cache(&request.cache)?;
    let pipeline = Pipeline {
        request,
        recipe: &recipe,
        sources: workspace::sources_of(&request.recipe)?,
        stages: Stages::new(&request.cache.join("work"))?,
        debs: Debs::new(&request.cache.join("debs"))?,
        keys: &keys,
    };
    match pipeline.run(&lock) {
        Err(error) if request.on_gone == OnGone::RefreshLock && is_gone(&error) => {
            build_with_fresh_lock(&pipeline, &error)?;
        }
        result => result?,
    }
    eprintln!("==> everything: done in {}", seconds(started.elapsed()));
    Ok(())
}

/// The keys asked for; none that are for development in a release for the public.
fn signing_keys(request: &BuildRequest) -> Result<keys::Keys> {
    let keys = match &request.keys {
        Some(dir) => keys::Keys::open(dir)?,
        None => keys::Keys::development(&request.cache)?,
    };
    ensure!(
        !(request.release && keys.are_for_development()?),
        "a release is not signed with development keys; `megh-image keys make` makes others"
    );
    Ok(keys)
}

fn is_gone(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<FetchError>(),
        Some(FetchError::Gone { .. })
    )
}

/// The lock beside the recipe stays as it is; the fresh one lies in the cache.
fn build_with_fresh_lock(pipeline: &Pipeline<'_>, gone: &anyhow::Error) -> Result<()> {
    let notice = format!(
        "!!! {gone:#}\n!!! THIS IS NOT A BUILD OF THE LOCK: today's packages are used instead."
    );
    eprintln!("{notice}");
    let apt = pipeline.request.cache.join("apt");
    let fresh = lock::refresh(pipeline.recipe, &Mirror::of_this_machine()?, &apt)?;
    let result = pipeline.run(&fresh);
    eprintln!("{notice}");
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_for_the_public_refuses_development_keys_under_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let request = |keys: Option<&Path>, release| BuildRequest {
            recipe: PathBuf::new(),
            out: PathBuf::new(),
            cache: dir.path().to_owned(),
            keys: keys.map(Path::to_owned),
            sign_offline: None,
            version: "1.0.0".parse().unwrap(),
            channel: Channel::Stable,
            floor: "0.0.0".parse().unwrap(),
            release,
            variant: None,
            on_gone: OnGone::Stop,
        };
        let development = signing_keys(&request(None, false)).unwrap();
        let refused = |keys: &Path| signing_keys(&request(Some(keys), true)).is_err();
        assert!(refused(development.dir()));
        let renamed = dir.path().join("release-keys");
        fs::rename(development.dir(), &renamed).unwrap();
        assert!(refused(&renamed), "the root document lists them");
        let mixed = keys::make(&dir.path().join("mixed")).unwrap();
        assert!(!refused(mixed.dir()));
        fs::copy(renamed.join("boot.crt"), mixed.boot_certificate()).unwrap();
        assert!(
            refused(mixed.dir()),
            "the certificate is one of development"
        );
    }
}
