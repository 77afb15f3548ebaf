//! Memory at addresses that direct I/O accepts.

/// A buffer that starts on a page boundary.
#[derive(Debug)]
pub struct AlignedBuffer {
    memory: Vec<u8>,
    start: usize,
    size: usize,
}

impl AlignedBuffer {
    /// What its address and every direct read are multiples of.
    pub const ALIGNMENT: usize = 4096;

    /// A buffer of `size` zero bytes.
    pub fn new(size: usize) -> Self {
        let memory = vec![0; size + Self::ALIGNMENT];
        let start =
            memory.as_ptr().addr().next_multiple_of(Self::ALIGNMENT) - memory.as_ptr().addr();
        Self {
            memory,
            start,
            size,
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.size]
    }

    /// The bytes, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.size]
    }
}
