use std::fs::{self, File};

use megh_model::release::{Part, PartKind};
use sha2::{Digest, Sha256};

use super::*;
use crate::fetch::testing::{Files, Server, Step};
use megh_model::delta::{Chunk, Chunker, Chunking, Derived, Index};
use megh_model::verity::{Salt, Tree};

mod chunked;
mod edits;
mod whole;

const FILE: &str = "0.2.0/root.img";

/// A place for a part, and where it is noted how far that is.
struct Place {
    dir: tempfile::TempDir,
    target: File,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let target = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(dir.path().join("target"))
            .unwrap();
        Self { dir, target }
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.dir.path().join("target")).unwrap()
    }
}

fn part(bytes: &[u8]) -> Part {
    Part {
        file: "root.img".to_owned(),
        size: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(bytes)),
    }
}

const INDEX: &str = "0.2.0/root.chunks";
const CHUNKING: Chunking = Chunking::content(4096);

/// Bytes that are different everywhere, the same in every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A root part over `data`, and its chunk index.
fn root_part(data: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let salt = Salt::new(b"salt").unwrap();
    let mut tree = Tree::new(salt.clone());
    tree.push(data);
    let mut bytes = [data, &[7; 4096]].concat();
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut chunker = Chunker::new(CHUNKING);
    chunker.push(&bytes, &mut |chunk| chunks.push(chunk));
    chunker.finish(&mut |chunk| chunks.push(chunk));
    let data = data.len() as u64;
    let index = Index::new(CHUNKING, Derived::VerityTree { data, salt }, chunks);
    bytes.extend(tree.finish().unwrap().0);
    (bytes, index.to_bytes())
}

/// Something that is at hand.
fn seed(bytes: &[u8]) -> Seed {
    use std::os::unix::fs::FileExt;
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(bytes, 100).unwrap();
    Seed {
        file,
        offset: 100,
        len: bytes.len() as u64,
    }
}

/// Puts the part together by its chunk index.
fn by_chunks(
    source: &dyn Source,
    part: &Part,
    listed: &Part,
    seeds: &[Seed],
    place: &Place,
) -> Result<Counts, FetchError> {
    let resume = place.dir.path().join("resume.json");
    let mut counted = Counts::default();
    let mut progress = |counts: Counts| {
        assert!(counts.done <= counts.total);
        counted = counts;
    };
    let mut work = Work {
        source,
        path: FILE.to_owned(),
        kind: PartKind::Root,
        part,
        target: Target::new(&place.target, part.size)?,
        resume: Some(&resume),
        counts: Counts {
            total: part.size,
            ..Counts::default()
        },
        progress: &mut progress,
    };
    let result = work.by_chunks(INDEX, listed, seeds);
    let counts = work.counts;
    result?;
    assert_eq!((counts.done, counted), (part.size, counts));
    Ok(counts)
}
