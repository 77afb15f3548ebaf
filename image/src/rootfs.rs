//! The root file system: the installed packages, the recipe's overlay and the
//! product, as one read-only image with its verity tree.

mod compose;
mod erofs;
mod identity;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_model::layout::SMALL_ROOT_SLOT;
use megh_model::release::{ROOT_FILE, Verity};
use megh_model::units::Bytes;

use crate::base::Base;
use crate::digest::Inputs;
use crate::keys::Keys;
use crate::product::{PROGRAMS, Programs};
use crate::stage::Stages;
use crate::tools::Tools;

pub use identity::Identity;

/// What a root file system is made of.
pub struct Ingredients<'a> {
    /// The installed packages.
    pub base: &'a Base,
    /// Folder of files laid over them.
    pub overlay: PathBuf,
    /// Folder of files laid over the overlay, for a variant.
    pub variant: Option<PathBuf>,
    /// The product's programs.
    pub programs: &'a Programs,
    /// Folder of the web interface's files.
    pub web: PathBuf,
    /// Keys with the root document that the image trusts.
    pub keys: &'a Keys,
    /// Name and version of the product.
    pub identity: &'a Identity,
}

/// A finished root part.
pub struct RootImage {
    /// The file: file system, then verity tree.
    pub file: PathBuf,
    /// How to open it.
    pub verity: Verity,
}

/// Makes the root part; nothing is done when it is at hand.
pub fn make(stages: &Stages, tools: &Tools, ingredients: &Ingredients<'_>) -> Result<RootImage> {
    let mut inputs = Inputs::default()
        .text("code", include_str!("rootfs.rs"))
        .text("code", include_str!("rootfs/compose.rs"))
        .text("code", include_str!("rootfs/erofs.rs"))
        .text("code", include_str!("rootfs/identity.rs"))
        .text("base", &ingredients.base.key)
        .text("identity", &ingredients.identity.os_release())
        .file("root", &ingredients.keys.dir().join(ROOT_FILE))?
        .folder("overlay", &ingredients.overlay)?
        .folder("web", &ingredients.web)?;
    if let Some(variant) = &ingredients.variant {
        inputs = inputs.folder("variant", variant)?;
    }
    for program in &PROGRAMS {
        inputs = inputs.file(program.place, &ingredients.programs.file(program))?;
    }
    let dir = stages.folder("root", &inputs.key(), |dir| {
        let root = dir.join("root");
        compose::compose(tools, ingredients, &root)?;
        let verity = erofs::pack(tools, &root, &dir.join("root.img"))?;
        crate::stage::remove(&root)?;
        fs::write(dir.join("verity.json"), serde_json::to_vec(&verity)?)
            .context("cannot record the root hash")
    })?;
    let file = dir.join("root.img");
    let verity = fs::read(dir.join("verity.json")).context("cannot read the root hash")?;
    let verity = serde_json::from_slice(&verity).context("the recorded root hash is damaged")?;
    check_size(&file)?;
    Ok(RootImage { file, verity })
}

/// A root fills at most half of the smallest slot, so that it has room to
/// grow for as long as machines with such slots live.
fn check_size(file: &Path) -> Result<()> {
    let size = fs::metadata(file)?.len();
    let limit = SMALL_ROOT_SLOT.0 / 2;
    ensure!(
        size <= limit,
        "the root is {}, more than half of the smallest root slot ({})",
        Bytes(size),
        Bytes(limit)
    );
    Ok(())
}
