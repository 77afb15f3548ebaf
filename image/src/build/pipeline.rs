//! The stages of a build, in their order.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use megh_model::recipe::Recipe;
use megh_model::release::{ARCH, PartKind};
use megh_model::units::Bytes;

use super::BuildRequest;
use crate::boot::{self, Boot};
use crate::desk::Desk;
use crate::fetch::Debs;
use crate::keys::Keys;
use crate::lock::Lock;
use crate::release::{self, BuiltPart, Contents, Label};
use crate::rootfs::{self, Identity, Ingredients, RootImage};
use crate::stage::{Stages, timed};
use crate::tools::{self, Tools};
use crate::{base, clock, product, sbom, sizes, web};

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
            version: self.request.version.to_string(),
        };
        let ingredients = Ingredients {
            base: &base,
            overlay: self.overlay(),
            variant: self.variant("root")?,
            programs: &programs,
            web,
            keys: self.keys,
            identity: &identity,
        };
        let root = rootfs::make(stages, &tools, &ingredients)?;
        let boot = boot::make(
            stages,
            &tools,
            &boot::Ingredients {
                base: &base,
                root: &root,
                megh_root: &programs.named("megh-root"),
                variant: self.variant("initrd")?,
                keys: self.keys,
                identity: &identity,
            },
        )?;
        timed("release", || {
            self.release(lock, &tools, &identity, &root, &boot)
        })
    }

    /// Writes the release directory, the medium, and the digests to compare.
    fn release(
        &self,
        lock: &Lock,
        tools: &Tools,
        identity: &Identity,
        root: &RootImage,
        boot: &Boot,
    ) -> Result<()> {
        let out = &self.request.out;
        let mut parts = boot.parts.clone();
        parts.insert(PartKind::Root, BuiltPart::plain(root.file.clone()));
        let digests = serde_json::to_vec_pretty(&release::digests(&parts)?)?;
        fs::create_dir_all(out.join("build"))
            .and_then(|()| fs::write(out.join("build/digests.json"), digests))
            .with_context(|| format!("cannot write digests to {}", out.display()))?;
        for (kind, part) in &parts {
            let size = Bytes(fs::metadata(&part.file)?.len()).to_string();
            eprintln!("    {:<18}{size:>12}", kind.name());
        }
        let dir = out.join("release");
        let label = Label {
            version: self.request.version,
            channel: self.request.channel,
            floor: self.request.floor,
            released: clock::now(),
        };
        let contents = Contents {
            parts: &parts,
            verity: &root.verity,
            sbom: &sbom::of_image(lock, &self.recipe.suite, &self.sources, label.version)?,
        };
        let desk = Desk::new(self.keys, self.request.sign_offline.as_deref());
        release::write(&dir, &contents, &label, &desk)?;
        let iso = out.join(format!("{}-{}-{ARCH}.iso", identity.id, identity.version));
        boot::write_iso(tools, &boot.medium, &dir, &iso)?;
        let size = Bytes(fs::metadata(&iso)?.len());
        let limit = self.recipe.iso_limit;
        ensure!(size <= limit, "the medium is {size}, more than {limit}");
        eprintln!("    {} is {size} of at most {limit}", iso.display());
        Ok(())
    }

    /// The overlay lies beside the recipe, in a folder of its name.
    fn overlay(&self) -> PathBuf {
        self.request.recipe.with_extension("").join("overlay")
    }

    /// What the variant lays over `part` of the image, if it does.
    fn variant(&self, part: &str) -> Result<Option<PathBuf>> {
        let Some(dir) = &self.request.variant else {
            return Ok(None);
        };
        ensure!(
            dir.join("root").is_dir() || dir.join("initrd").is_dir(),
            "the variant {} has neither a folder `root` nor a folder `initrd`",
            dir.display()
        );
        Ok(Some(dir.join(part)).filter(|folder| folder.is_dir()))
    }
}
