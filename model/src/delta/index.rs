//! The chunk index: its form in a release, and reading it without trust.
//!
//! All numbers little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `meghidx1` |
//! | 8 | 1 | chunking: 1 fixed, 2 content-defined |
//! | 9 | 1 | what follows the chunks: 0 nothing, 1 a dm-verity tree to be computed |
//! | 10 | 1 | length of the salt, at most 32 |
//! | 11 | 1 | 0 |
//! | 12 | 4 | fewest bytes of a chunk; fixed: the size |
//! | 16 | 4 | average; fixed: the size |
//! | 20 | 4 | most; fixed: the size |
//! | 24 | 8 | bytes that the chunks cover |
//! | 32 | 8 | bytes that the tree is computed of |
//! | 40 | 4 | number of chunks |
//! | 44 | 4 | 0 |
//! | 48 | 32 | salt, then zeros |
//! | 80 | 16 or 20 each | chunks: length (4 bytes, content-defined only), id (16 bytes) |

use super::{Chunk, ChunkId, Chunker, Chunking};
use crate::units::{GIB, MIB};
use crate::verity::{BLOCK, Salt, tree_size};

const MAGIC: &[u8; 8] = b"meghidx1";
const HEAD: usize = 80;
const MAX_SALT: usize = 32;
/// Most bytes that chunks may cover.
const MAX_COVERED: u64 = 8 * GIB;
/// Longest index; more is refused unread. Enough for 4 GiB in chunks of 4 KiB.
pub const MAX_INDEX_BYTES: u64 = 24 * MIB;

/// What of a part is computed rather than fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derived {
    /// Nothing: the chunks cover the part.
    Nothing,
    /// The dm-verity tree over the first `data` bytes, after the chunks.
    VerityTree {
        /// Bytes that the tree is computed of; whole blocks.
        data: u64,
        /// The tree's salt.
        salt: Salt,
    },
}

/// A part as a list of chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    chunking: Chunking,
    derived: Derived,
    chunks: Vec<Chunk>,
}

/// Why bytes are not a chunk index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Longer than any can be, or shorter than a head.
    #[error("a chunk index has no {0} bytes")]
    Length(usize),
    /// It does not begin like one, or is of a later form.
    #[error("it is not a chunk index of a form that this version reads")]
    Form,
    /// Sizes by which nothing can be cut.
    #[error("its chunk sizes are not possible")]
    Chunking,
    /// The count of chunks is not that of the bytes that follow, or of what they cover.
    #[error("its number of chunks ({0}) is not possible")]
    Count(u32),
    /// A chunk is shorter or longer than the chunking permits.
    #[error("chunk {number} has {len} bytes")]
    ChunkLength {
        /// The chunk, from 0.
        number: usize,
        /// Its length.
        len: u32,
    },
    /// The chunks do not add up.
    #[error("its chunks cover {found} bytes, it says {said}")]
    Covered {
        /// Sum of the lengths.
        found: u64,
        /// What its head says.
        said: u64,
    },
    /// What is to be computed is not told soundly.
    #[error("what it says of the dm-verity tree is not possible")]
    Derived,
}

impl Index {
    /// An index of chunks that were cut by `chunking`.
    pub fn new(chunking: Chunking, derived: Derived, chunks: Vec<Chunk>) -> Self {
        Self {
            chunking,
            derived,
            chunks,
        }
    }

    /// Cuts `bytes`, all of a small part.
    pub fn of(chunking: Chunking, bytes: &[u8]) -> Self {
        let mut chunks = Vec::new();
        let mut chunker = Chunker::new(chunking);
        chunker.push(bytes, &mut |chunk| chunks.push(chunk));
        chunker.finish(&mut |chunk| chunks.push(chunk));
        Self::new(chunking, Derived::Nothing, chunks)
    }

    /// How the part was cut.
    pub const fn chunking(&self) -> Chunking {
        self.chunking
    }

    /// What is computed.
    pub const fn derived(&self) -> &Derived {
        &self.derived
    }

    /// The chunks, from the part's beginning on and without gaps.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Bytes that the chunks cover.
    pub fn covered(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.len)).sum()
    }

    /// Size of the whole part, with what is computed.
    pub fn part_size(&self) -> u64 {
        self.covered()
            + match &self.derived {
                Derived::Nothing => 0,
                Derived::VerityTree { data, .. } => tree_size(*data),
            }
    }

    /// The form in a release.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, [min, avg, max]) = match self.chunking {
            Chunking::Fixed { size } => (1, [size; 3]),
            Chunking::Content { min, avg, max } => (2, [min, avg, max]),
        };
        let (tail, data, salt) = match &self.derived {
            Derived::Nothing => (0, 0, &[][..]),
            Derived::VerityTree { data, salt } => (1, *data, salt.bytes()),
        };
        let mut bytes = Vec::with_capacity(HEAD + 20 * self.chunks.len());
        bytes.extend(MAGIC);
        bytes.extend([kind, tail, salt.len() as u8, 0]);
        for size in [min, avg, max] {
            bytes.extend(size.to_le_bytes());
        }
        bytes.extend(self.covered().to_le_bytes());
        bytes.extend(data.to_le_bytes());
        bytes.extend((self.chunks.len() as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(salt);
        bytes.resize(HEAD, 0);
        for chunk in &self.chunks {
            if let Chunking::Content { .. } = self.chunking {
                bytes.extend(chunk.len.to_le_bytes());
            }
            bytes.extend(chunk.id.0);
        }
        bytes
    }

    /// Reads an index. Whatever is accepted has one spelling only, and covers
    /// what it says; nothing is allocated before its size has been checked.
    pub fn parse(bytes: &[u8]) -> Result<Self, IndexError> {
        if bytes.len() < HEAD || bytes.len() as u64 > MAX_INDEX_BYTES {
            return Err(IndexError::Length(bytes.len()));
        }
        let (head, entries) = bytes.split_at(HEAD);
        if &head[..8] != MAGIC || head[11] != 0 || head[44..48] != [0; 4] {
            return Err(IndexError::Form);
        }
        let chunking = parse_chunking(head)?;
        let covered = u64_at(head, 24);
        let derived = parse_derived(head, covered)?;
        let count = u32_at(head, 40);
        let chunks = match chunking {
            Chunking::Fixed { size } => fixed_chunks(size, covered, count, entries)?,
            Chunking::Content { .. } => content_chunks(chunking, covered, count, entries)?,
        };
        Ok(Self {
            chunking,
            derived,
            chunks,
        })
    }
}

fn parse_chunking(head: &[u8]) -> Result<Chunking, IndexError> {
    let [min, avg, max] = [12, 16, 20].map(|at| u32_at(head, at));
    let chunking = match head[8] {
        1 if min == avg && avg == max => Chunking::Fixed { size: min },
        2 => Chunking::Content { min, avg, max },
        _ => return Err(IndexError::Form),
    };
    let sound = chunking.is_sound();
    sound.then_some(chunking).ok_or(IndexError::Chunking)
}

fn parse_derived(head: &[u8], covered: u64) -> Result<Derived, IndexError> {
    let (salt, data) = (&head[48..HEAD], u64_at(head, 32));
    let length = usize::from(head[10]);
    if covered == 0 || covered > MAX_COVERED {
        return Err(IndexError::Covered {
            found: 0,
            said: covered,
        });
    }
    let block = BLOCK as u64;
    match head[9] {
        0 if data == 0 && length == 0 && salt.iter().all(|b| *b == 0) => Ok(Derived::Nothing),
        // The chunks cover the data and the block with the superblock.
        1 if length <= MAX_SALT
            && salt[length..].iter().all(|b| *b == 0)
            && data > 0
            && data.is_multiple_of(block)
            && data.checked_add(block) == Some(covered) =>
        {
            let salt = Salt::new(&salt[..length]).ok_or(IndexError::Derived)?;
            Ok(Derived::VerityTree { data, salt })
        }
        _ => Err(IndexError::Derived),
    }
}

fn fixed_chunks(
    size: u32,
    covered: u64,
    count: u32,
    entries: &[u8],
) -> Result<Vec<Chunk>, IndexError> {
    let (entries, rest) = entries.as_chunks::<16>();
    let right = covered.div_ceil(u64::from(size));
    if !rest.is_empty() || entries.len() as u64 != u64::from(count) || right != u64::from(count) {
        return Err(IndexError::Count(count));
    }
    let length = |number: usize| {
        let left = covered - number as u64 * u64::from(size);
        left.min(u64::from(size)) as u32
    };
    let chunk = |(number, id): (usize, &[u8; 16])| Chunk {
        len: length(number),
        id: ChunkId(*id),
    };
    Ok(entries.iter().enumerate().map(chunk).collect())
}

fn content_chunks(
    chunking: Chunking,
    covered: u64,
    count: u32,
    entries: &[u8],
) -> Result<Vec<Chunk>, IndexError> {
    let (entries, rest) = entries.as_chunks::<20>();
    if !rest.is_empty() || entries.len() as u64 != u64::from(count) {
        return Err(IndexError::Count(count));
    }
    let (mut chunks, mut found) = (Vec::with_capacity(entries.len()), 0);
    for (number, entry) in entries.iter().enumerate() {
        let len = u32_at(entry, 0);
        let last = number + 1 == entries.len();
        let least = if last { 1 } else { chunking.min() };
        if len < least || len > chunking.max() {
            return Err(IndexError::ChunkLength { number, len });
        }
        found += u64::from(len);
        let mut id = [0; 16];
        id.copy_from_slice(&entry[4..]);
        chunks.push(Chunk {
            len,
            id: ChunkId(id),
        });
    }
    if found != covered {
        return Err(IndexError::Covered {
            found,
            said: covered,
        });
    }
    Ok(chunks)
}

/// The callers' offsets lie inside.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
