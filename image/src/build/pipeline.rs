//! The stages of a build, in their order.

use std::path::PathBuf;

use anyhow::Result;
use megh_model::recipe::Recipe;

use super::BuildRequest;
use crate::fetch::Debs;
use crate::keys::Keys;
use crate::lock::Lock;
use crate::stage::Stages;
use crate::tools::{self, Tools};

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
        let root = tools::make(&self.stages, lock, &self.recipe.suite, &self.debs)?;
        let tools = Tools::open(&root, self.stages.dir(), lock.epoch)?;
        println!("{}", tools.cmd("gcc").arg("--version").stdout()?);
        Ok(())
    }
}
