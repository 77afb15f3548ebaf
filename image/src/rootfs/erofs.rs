//! Packing a tree: erofs, then the verity tree behind it in the same file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use megh_model::release::Verity;

use crate::tools::Tools;

/// Identities are the same in every build. Nothing is ever found by them.
const FILE_SYSTEM_UUID: &str = "6d656768-6f73-4002-8000-726f6f740000";
const VERITY_UUID: &str = "6d656768-6f73-4002-8000-766572697479";
/// What the salt prevents does not matter for a file that anybody may have.
const SALT: &str = "6d65676873616c746d65676873616c746d65676873616c746d65676873616c74";
const BLOCK: u64 = 4096;

/// Packs the tree at `root` into `image`.
pub(super) fn pack(tools: &Tools, root: &Path, image: &Path) -> Result<Verity> {
    tools
        .cmd("mkfs.erofs")
        .args(["--quiet", "-zzstd,level=3", "-C65536"])
        // Ends of files lie in blocks of their own, not among the inodes: what
        // stays the same stays the same blocks, wherever they move to.
        .arg("-Enoinline_data")
        .arg(format!("-T{}", tools.epoch()))
        .args(["-U", FILE_SYSTEM_UUID])
        .args([tools.inside(image), tools.inside(root)])
        .run()
        .context("the root file system cannot be packed")?;
    let size = fs::metadata(image)?.len();
    ensure!(
        size.is_multiple_of(BLOCK),
        "the file system is not a whole number of blocks"
    );
    let file = tools.inside(image);
    let report = tools
        .cmd("veritysetup")
        .args(["format", "--hash=sha256", "--uuid", VERITY_UUID])
        .arg(format!("--salt={SALT}"))
        .arg(format!("--data-block-size={BLOCK}"))
        .arg(format!("--hash-block-size={BLOCK}"))
        .arg(format!("--data-blocks={}", size / BLOCK))
        .arg(format!("--hash-offset={size}"))
        .args([&file, &file])
        .stdout()
        .context("the verity tree cannot be made")?;
    Ok(Verity {
        root_hash: root_hash(&report)
            .with_context(|| format!("veritysetup names no root hash: {report}"))?,
        hash_offset: size,
    })
}

/// The line `Root hash:      <hex>` of veritysetup's report.
fn root_hash(report: &str) -> Option<String> {
    let hash = report
        .lines()
        .find_map(|line| line.strip_prefix("Root hash:"))?
        .trim();
    let good = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    good.then(|| hash.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_hash_is_found_in_the_report() {
        let hash = "ab".repeat(32);
        let report =
            format!("VERITY header information for x\nSalt:   \t00\nRoot hash:      \t{hash}\n");
        assert_eq!(root_hash(&report), Some(hash));
        assert_eq!(root_hash("Root hash: none\n"), None);
    }
}
