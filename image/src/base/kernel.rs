//! The kernel: unpacked from its package, not installed. Installing it would
//! bring a second initrd generator and run it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::deb;
use crate::fetch::Debs;
use crate::lock::Package;
use crate::stage::remove;
use crate::tools::Tools;

/// Puts the kernel at `dir/vmlinuz` and its modules into `root`. Returns its
/// release and the package's installed size.
pub(super) fn unpack(
    tools: &Tools,
    packages: &[&Package],
    debs: &Debs,
    dir: &Path,
    root: &Path,
) -> Result<(String, Option<(String, u64)>)> {
    let [package] = packages else {
        bail!("the lock has {} kernels instead of one", packages.len());
    };
    let file = dir.join("kernel.deb");
    fs::copy(debs.path(package), &file).context("cannot copy the kernel's package")?;
    let unpacked = dir.join("kernel");
    tools
        .cmd("dpkg-deb")
        .arg("--extract")
        .args([tools.inside(&file), tools.inside(&unpacked)])
        .run()
        .with_context(|| format!("cannot unpack {package}"))?;
    let release = release(&unpacked.join("usr/lib/modules"))?;
    rename(
        &unpacked.join("boot").join(format!("vmlinuz-{release}")),
        &dir.join("vmlinuz"),
    )?;
    fs::create_dir_all(root.join("usr/lib/modules"))?;
    rename(
        &unpacked.join("usr/lib/modules").join(&release),
        &root.join("usr/lib/modules").join(&release),
    )?;
    let control = deb::control(&file)?;
    let kib = deb::field(&control, "Installed-Size").and_then(|text| text.parse::<u64>().ok());
    remove(&unpacked)?;
    remove(&file)?;
    Ok((release, kib.map(|kib| (package.name.clone(), kib * 1024))))
}

/// Lets the kernel find the modules that are left.
pub(super) fn index_modules(tools: &Tools, root: &Path, release: &str) -> Result<()> {
    tools
        .cmd("depmod")
        .arg("--basedir")
        .arg(tools.inside(root))
        .arg(release)
        .run()
        .context("cannot index the kernel's modules")?;
    Ok(())
}

/// The one folder in `modules` is named by the release.
fn release(modules: &Path) -> Result<String> {
    let mut names = Vec::new();
    for entry in
        fs::read_dir(modules).with_context(|| format!("cannot read {}", modules.display()))?
    {
        names.push(entry?.file_name());
    }
    match &names[..] {
        [name] => Ok(name.to_string_lossy().into_owned()),
        _ => bail!("{} modules folders instead of one", names.len()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}
