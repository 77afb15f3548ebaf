//! Writes the chunk index of a part, for clients that have most of it already.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use megh_model::delta::{Chunk, Chunker, Chunking, Derived, Index};
use megh_model::release::{PartKind, Verity};
use megh_model::verity::{BLOCK, Salt, Tree};

/// The parts that have an index: all but those of a few blocks. Loaders are
/// signed anew with each release, and differ in little else.
pub const KINDS: [PartKind; 7] = [
    PartKind::Root,
    PartKind::Kernel,
    PartKind::Initrd,
    PartKind::Uki,
    PartKind::Shim,
    PartKind::GrubEfi,
    PartKind::BiosCore,
];

/// How a part is cut; the choice is measured in docs/decisions/delta.md. A root
/// is made of blocks, and what moves in it moves by whole blocks. Nothing keeps
/// to blocks in the others, which hold each other at any offset.
pub const fn chunking(kind: PartKind) -> Chunking {
    match kind {
        PartKind::Root => Chunking::Fixed { size: 4096 },
        _ => Chunking::content(8192),
    }
}

/// Unit of reading, bytes.
const PIECE: usize = 1 << 20;

/// The file of a part's index within the release.
pub fn file_name(kind: PartKind) -> String {
    format!("{}.chunks", kind.name())
}

/// Writes the index of the part in `file` to `to`.
pub fn write(kind: PartKind, file: &Path, verity: &Verity, to: &Path) -> Result<()> {
    let index = index(kind, file, verity, chunking(kind))
        .with_context(|| format!("cannot cut {} into chunks", file.display()))?;
    fs::write(to, index.to_bytes()).with_context(|| format!("cannot write {}", to.display()))
}

/// The index of a part. The verity tree of a root part is left to the client,
/// after it has been computed here and found to be the same.
pub fn index(kind: PartKind, file: &Path, verity: &Verity, chunking: Chunking) -> Result<Index> {
    let part = File::open(file)?;
    let size = part.metadata()?.len();
    let salt = match kind {
        PartKind::Root => salt(&part, verity.hash_offset)?,
        _ => None,
    };
    let Some(salt) = salt else {
        return Ok(Index::new(
            chunking,
            Derived::Nothing,
            cut(&part, size, chunking)?,
        ));
    };
    let (data, covered) = (verity.hash_offset, verity.hash_offset + BLOCK as u64);
    ensure!(
        derives(&part, data, &salt)?,
        "its verity tree is not the one that clients compute"
    );
    let chunks = cut(&part, covered, chunking)?;
    Ok(Index::new(
        chunking,
        Derived::VerityTree { data, salt },
        chunks,
    ))
}

/// The salt of the verity tree at `offset`, if there is one.
fn salt(part: &File, offset: u64) -> Result<Option<Salt>> {
    let mut head = [0; 512];
    match part.read_exact_at(&mut head, offset) {
        Ok(()) => Ok(Salt::of_superblock(&head)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the tree over the first `data` bytes is what follows the superblock.
fn derives(part: &File, data: u64, salt: &Salt) -> Result<bool> {
    let mut tree = Tree::new(salt.clone());
    stream(part, 0, data, |piece| tree.push(piece))?;
    let Some((tree, _)) = tree.finish() else {
        return Ok(false);
    };
    let mut found = Vec::with_capacity(tree.len());
    let size = part.metadata()?.len();
    stream(part, data + BLOCK as u64, size, |piece| {
        found.extend_from_slice(piece)
    })?;
    Ok(found == tree)
}

fn cut(part: &File, end: u64, chunking: Chunking) -> Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    let mut chunker = Chunker::new(chunking);
    stream(part, 0, end, |piece| {
        chunker.push(piece, &mut |chunk| chunks.push(chunk));
    })?;
    chunker.finish(&mut |chunk| chunks.push(chunk));
    Ok(chunks)
}

fn stream(part: &File, from: u64, to: u64, mut each: impl FnMut(&[u8])) -> Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut at = from;
    while at < to {
        let piece = &mut buffer[..usize::try_from(to - at)?.min(PIECE)];
        part.read_exact_at(piece, at)?;
        each(piece);
        at += piece.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Data, a superblock and the tree, as veritysetup lays them out.
    fn root() -> (Vec<u8>, Verity) {
        let data: Vec<u8> = (0..300 * BLOCK).map(|at| (at * at / 7) as u8).collect();
        let mut tree = Tree::new(Salt::new(b"na").unwrap());
        tree.push(&data);
        let (tree, hash) = tree.finish().unwrap();
        let mut superblock = [0; BLOCK];
        superblock[..8].copy_from_slice(b"verity\0\0");
        superblock[80] = 2;
        superblock[88..90].copy_from_slice(b"na");
        let verity = Verity {
            root_hash: hash.to_string(),
            hash_offset: data.len() as u64,
        };
        ([&data, &superblock[..], &tree].concat(), verity)
    }

    #[test]
    fn the_tree_is_left_to_the_client_when_it_can_be_computed() {
        let dir = tempfile::tempdir().unwrap();
        let (file, to) = (dir.path().join("root.img"), dir.path().join("root.chunks"));
        let (mut bytes, verity) = root();
        fs::write(&file, &bytes).unwrap();
        write(PartKind::Root, &file, &verity, &to).unwrap();
        let first = fs::read(&to).unwrap();
        let index = Index::parse(&first).unwrap();
        assert_eq!(index.part_size(), bytes.len() as u64);
        assert_eq!(index.covered(), verity.hash_offset + 4096);
        write(PartKind::Root, &file, &verity, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), first);

        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&file, &bytes).unwrap();
        let error = write(PartKind::Root, &file, &verity, &to).unwrap_err();
        assert!(format!("{error:#}").contains("verity tree"), "{error:#}");
    }

    #[test]
    fn other_parts_are_covered_wholly() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("kernel");
        let (bytes, verity) = root();
        fs::write(&file, &bytes).unwrap();
        let chunking = chunking(PartKind::Kernel);
        let index = index(PartKind::Kernel, &file, &verity, chunking).unwrap();
        assert_eq!(index, Index::of(chunking, &bytes));
    }
}
