//! What starts the system: initrd, kernel images, loaders, and the medium.
//!
//! Everything is made inside the tools root from the image's own packages. What
//! carries a signature is made unsigned first, so that builds can be compared.

mod cmdline;
mod files;
mod grub;
mod initrd;
mod iso;
mod kernel;
mod microcode;
mod sign;

use std::path::{Path, PathBuf};

use anyhow::Result;
use megh_model::release::PartKind;

use crate::base::Base;
use crate::digest::Inputs;
use crate::keys::Keys;
use crate::release::{BuiltPart, Parts};
use crate::rootfs::{Identity, RootImage};
use crate::stage::Stages;
use crate::tools::Tools;

pub use iso::{Medium, write as write_iso};

/// What the boot parts are made of.
pub struct Ingredients<'a> {
    /// The installed packages: kernel, its modules, microcode.
    pub base: &'a Base,
    /// The root that will be started.
    pub root: &'a RootImage,
    /// The initrd's program.
    pub megh_root: &'a Path,
    /// Folder of files laid over the initrd, for a variant.
    pub variant: Option<PathBuf>,
    /// Keys to sign with.
    pub keys: &'a Keys,
    /// Name and version of the product.
    pub identity: &'a Identity,
}

/// The boot parts, and what the medium needs beside them.
pub struct Boot {
    /// Every part but the root.
    pub parts: Parts,
    /// The loaders of the medium.
    pub medium: Medium,
}

/// Makes everything that comes before the root; nothing is done twice.
pub fn make(stages: &Stages, tools: &Tools, from: &Ingredients<'_>) -> Result<Boot> {
    let mut initrd = initrd::make(stages, tools, from.base, from.megh_root)?;
    if let Some(variant) = &from.variant {
        initrd = initrd::with_overlay(stages, tools, &initrd, variant)?;
    }
    let kernels = kernel::make(stages, tools, from, &initrd)?;
    let loaders = grub::make(stages, tools)?;
    let unsigned = [&kernels.uki, &loaders.disk_efi, &loaders.medium_efi];
    let signed = sign::make(stages, tools, from.keys, unsigned)?;
    let esp = iso::esp(stages, tools, &signed, from.keys)?;
    let parts = Parts::from([
        (PartKind::Uki, signed.part(&kernels.uki)),
        (PartKind::GrubEfi, signed.part(&loaders.disk_efi)),
        (PartKind::Shim, signed.shim()),
        (PartKind::Kernel, BuiltPart::plain(from.base.kernel())),
        (PartKind::Initrd, BuiltPart::plain(kernels.initrd)),
        (PartKind::SlotEnv, BuiltPart::plain(kernels.slot_env)),
        (PartKind::BiosBoot, BuiltPart::plain(loaders.bios_boot)),
        (PartKind::BiosCore, BuiltPart::plain(loaders.bios_core)),
    ]);
    let medium = Medium {
        esp,
        bios_cd: loaders.bios_cd,
        bios_mbr: loaders.bios_mbr,
    };
    Ok(Boot { parts, medium })
}

/// The key of a stage: its code, the tools' programs, and what is added.
fn inputs(tools: &Tools, code: &str) -> Inputs {
    Inputs::default()
        .text("code", code)
        .text("tools", &tools.root().display().to_string())
        .text("epoch", &tools.epoch().to_string())
}

/// A file of the tools root, seen from outside.
fn of_tools(tools: &Tools, path: &str) -> PathBuf {
    tools.root().join(path.trim_start_matches('/'))
}
