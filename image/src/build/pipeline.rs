//! The stages of a build, in their order.

use std::path::PathBuf;

use anyhow::Result;
use megh_model::recipe::Recipe;

use super::BuildRequest;
use crate::fetch::Debs;
use crate::keys::Keys;
use crate::lock::Lock;
use crate::rootfs::{self, Identity, Ingredients};
use crate::stage::{Stages, timed};
use crate::tools::{self, Tools};
use crate::{base, product, sizes, web};

/// What all stages share.
pub(super) struct Pipeline<'a> {
    pub(super) request: &'a BuildRequest,
    pub(super) recipe: &'a Recipe,
    pub(super) sources: PathBuf,
    pub(super) stages: Stages,
    pub(super) debs: Debs,
    pub(super) keys: &'a Keys,
}

impl Pipeline<'_> {
    /// Builds from `lock`.
    pub(super) fn run(&self, lock: &Lock) -> Result<()> {
        let stages = &self.stages;
        let root = tools::make(stages, lock, &self.recipe.suite, &self.debs)?;
        let tools = Tools::open(&root, stages.dir(), lock.epoch)?;
        let base = base::make(stages, &tools, lock, self.recipe, &self.debs)?;
        let lines = sizes::by_group(self.recipe, lock, &base.installed()?);
        eprint!("{}", sizes::table(&lines));
        let programs = timed("product", || {
            product::compile(&tools, &self.sources, &self.request.cache)
        })?;
        let web = web::build(stages, &self.sources, lock.epoch)?;
        let identity = Identity {
            id: self.recipe.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let ingredients = Ingredients {
            base: &base,
            overlay: self.overlay(),
            programs: &programs,
            web,
            keys: self.keys,
            identity: &identity,
        };
        let root = rootfs::make(stages, &tools, &ingredients)?;
        eprintln!("{} {}", root.file.display(), root.verity.root_hash);
        Ok(())
    }

    /// The overlay lies beside the recipe, in a folder of its name.
    fn overlay(&self) -> PathBuf {
        self.request.recipe.with_extension("").join("overlay")
    }
}
