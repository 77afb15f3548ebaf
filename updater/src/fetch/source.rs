//! What a release comes from.

use std::io;

use super::FetchError;

/// Takes the bytes of a range in their order; its error ends the transfer.
pub type Sink<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// A place that holds releases. Paths are relative, of plain names with `/`
/// between them, and never lead out of the place.
pub trait Source: Send + Sync {
    /// A whole small file of at most `max` bytes; a longer one is refused
    /// without being read to its end.
    fn read_small(&self, path: &str, max: u64) -> Result<Vec<u8>, FetchError>;

    /// Bytes `from..from + len` of a file, all of them and no others. What the
    /// sink got before an error is part of the file as the source tells it, and
    /// worth as much as its check later says.
    fn read_range(
        &self,
        path: &str,
        from: u64,
        len: u64,
        sink: &mut Sink<'_>,
    ) -> Result<(), FetchError>;

    /// A whole file of exactly `size` bytes, without asking for a range: for
    /// places that do not know them.
    fn read_whole(&self, path: &str, size: u64, sink: &mut Sink<'_>) -> Result<(), FetchError>;

    /// The place, as people name it; without passwords.
    fn describe(&self) -> String;
}
