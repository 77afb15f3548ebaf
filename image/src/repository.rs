//! A local package repository that holds exactly a set of locked packages, so
//! that nothing else can be installed from it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::deb;
use crate::fetch::Debs;
use crate::lock::Package;

/// Installed size of each package in bytes, by its own account.
pub type Sizes = Vec<(String, u64)>;

/// Writes the repository into the empty folder `dir`. The package files must
/// be in `debs`; they are linked or copied.
pub fn write(dir: &Path, suite: &str, packages: &[&Package], debs: &Debs) -> Result<Sizes> {
    let pool = dir.join("pool");
    let index_dir = dir.join(format!("dists/{suite}/main/binary-amd64"));
    for made in [&pool, &index_dir] {
        fs::create_dir_all(made).with_context(|| format!("cannot make {}", made.display()))?;
    }
    let mut index = String::new();
    let mut sizes = Vec::new();
    for package in packages {
        let file = package.file_name();
        let source = debs.path(package);
        place(&source, &pool.join(file))?;
        let control = deb::control(&source)?;
        let kib = deb::field(&control, "Installed-Size").and_then(|text| text.parse::<u64>().ok());
        sizes.push((package.name.clone(), kib.unwrap_or_default() * 1024));
        writeln!(
            index,
            "{}\nFilename: pool/{file}\nSize: {}\nSHA256: {}\n",
            control.trim_end(),
            package.size,
            package.sha256
        )?;
    }
    fs::write(index_dir.join("Packages"), &index)?;
    fs::write(
        dir.join(format!("dists/{suite}/Release")),
        release(suite, &index),
    )?;
    Ok(sizes)
}

/// apt asks for a release file to know the suite; it is not signed, because
/// the packages were checked against the lock.
fn release(suite: &str, index: &str) -> String {
    format!(
        "Origin: MeghOS\nSuite: {suite}\nCodename: {suite}\nDate: Thu, 01 Jan 1970 00:00:00 UTC\n\
         Architectures: amd64\nComponents: main\nSHA256:\n {} {} main/binary-amd64/Packages\n",
        hex::encode(Sha256::digest(index)),
        index.len()
    )
}

/// The same file at a second place, by whatever is cheapest.
fn place(from: &Path, to: &Path) -> Result<()> {
    fs::hard_link(from, to)
        .or_else(|_| fs::copy(from, to).map(drop))
        .with_context(|| format!("cannot place {} in the repository", from.display()))
}
