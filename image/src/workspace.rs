//! Where things are: the sources, the cache, and the folder for results.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Names the cache folder.
pub const CACHE_VARIABLE: &str = "MEGHOS_CACHE";

/// The cache folder: the one asked for, else `~/.cache/meghos`.
pub fn cache_dir(asked: Option<PathBuf>) -> Result<PathBuf> {
    let dir = match asked {
        Some(dir) => dir,
        None => {
            let home = std::env::home_dir().with_context(|| {
                format!("no home directory; name a cache folder in {CACHE_VARIABLE}")
            })?;
            home.join(".cache/meghos")
        }
    };
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    dir.canonicalize()
        .with_context(|| format!("cannot find {}", dir.display()))
}

/// Keeps two builds from working in one cache at the same time. Waits.
pub fn lock_cache(cache: &Path) -> Result<File> {
    let path = cache.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("    another build uses {}; waiting for it", cache.display());
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

/// The root of the sources that `recipe` belongs to: the nearest folder above
/// it with a `Cargo.lock`.
pub fn sources_of(recipe: &Path) -> Result<PathBuf> {
    let recipe = recipe
        .canonicalize()
        .with_context(|| format!("cannot find {}", recipe.display()))?;
    match recipe
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").exists())
    {
        Some(dir) => Ok(dir.to_owned()),
        None => bail!("{} is not inside the product's sources", recipe.display()),
    }
}
