//! Cutting bytes into chunks.

use fastcdc::v2020::FastCDC;
use sha2::{Digest, Sha256};

use crate::units::{KIB, MIB};

/// Smallest and largest chunk that any way of cutting makes, bytes.
const BOUNDS: std::ops::RangeInclusive<u32> = KIB as u32..=MIB as u32;

/// What a chunk is known by: the first 16 bytes of its SHA-256. The part's whole
/// SHA-256 is compared as well, so that nothing rests on these alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId(pub [u8; 16]);

impl ChunkId {
    /// The id of a chunk's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Its bytes; never 0.
    pub len: u32,
    /// What it is known by.
    pub id: ChunkId,
}

/// How bytes are cut into chunks. Part of every index: who reads one must cut
/// alike, whichever version of the product it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunking {
    /// Every so many bytes.
    Fixed {
        /// Bytes of each chunk but the last.
        size: u32,
    },
    /// Where the content says so: FastCDC of 2020 with its gear table unseeded,
    /// normalization level 1 (Xia et al., "The Design of Fast
    /// Content-Defined Chunking for Data Deduplication Based Storage Systems").
    Content {
        /// Fewest bytes of each chunk but the last.
        min: u32,
        /// Bytes of a chunk, roughly; a power of two.
        avg: u32,
        /// Most bytes.
        max: u32,
    },
}

impl Chunking {
    /// Content-defined chunks of about `avg` bytes, a power of two.
    pub const fn content(avg: u32) -> Self {
        Self::Content {
            min: avg / 4,
            avg,
            max: avg * 4,
        }
    }

    /// Whether the sizes are such that anything can be cut by them.
    pub fn is_sound(self) -> bool {
        let inside = |size: u32| BOUNDS.contains(&size) && size.is_multiple_of(2);
        match self {
            Self::Fixed { size } => inside(size),
            Self::Content { min, avg, max } => {
                [min, avg, max].into_iter().all(inside)
                    && avg.is_power_of_two()
                    && min < avg
                    && avg < max
            }
        }
    }

    /// Most bytes of a chunk.
    pub const fn max(self) -> u32 {
        match self {
            Self::Fixed { size } => size,
            Self::Content { max, .. } => max,
        }
    }

    /// Fewest bytes of a chunk that is not the last.
    pub const fn min(self) -> u32 {
        match self {
            Self::Fixed { size } => size,
            Self::Content { min, .. } => min,
        }
    }

    /// Length of the first chunk of `bytes`, which are at least [`Self::max`]
    /// of them, or all that is left.
    fn cut(self, bytes: &[u8]) -> usize {
        let length = bytes.len();
        match self {
            Self::Fixed { size } => length.min(size as usize),
            Self::Content { min, .. } if length <= min as usize => length,
            Self::Content { min, avg, max } => {
                let window = &bytes[..length.min(max as usize)];
                let cutter = FastCDC::new(window, min as usize, avg as usize, max as usize);
                cutter.cut(0, window.len()).1
            }
        }
    }
}

/// Cuts a stream of bytes.
#[derive(Debug, Clone)]
pub struct Chunker {
    chunking: Chunking,
    buffer: Vec<u8>,
}

impl Chunker {
    /// A chunker at the beginning of a stream. `chunking` must be sound.
    pub fn new(chunking: Chunking) -> Self {
        Self {
            chunking,
            buffer: Vec::new(),
        }
    }

    /// Takes the next bytes, and hands over the chunks that end in them.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Chunk)) {
        self.buffer.extend_from_slice(bytes);
        let enough = self.chunking.max() as usize;
        let mut at = 0;
        while self.buffer.len() - at >= enough {
            at += self.first(at, each);
        }
        self.buffer.drain(..at);
    }

    /// The stream is over: hands over what is left.
    pub fn finish(self, each: &mut dyn FnMut(Chunk)) {
        let mut at = 0;
        while at < self.buffer.len() {
            at += self.first(at, each);
        }
    }

    /// Hands over the chunk at `at` of the buffer; the answer is its length.
    fn first(&self, at: usize, each: &mut dyn FnMut(Chunk)) -> usize {
        let bytes = &self.buffer[at..];
        let length = self.chunking.cut(bytes);
        each(Chunk {
            // At most the chunking's `max`, which is one.
            len: length as u32,
            id: ChunkId::of(&bytes[..length]),
        });
        length
    }
}
