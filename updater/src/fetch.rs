//! Getting a release's bytes: from a web server or a directory, into a slot.
//!
//! Where bytes come from is a [`Source`]; it is believed nothing. Sizes are hard
//! limits, ranges must be answered exactly, and everything has a deadline.
//! [`assemble()`] puts a part together and returns only when its SHA-256 is the
//! one of the verified manifest. Nothing here decides what is fetched.

mod assemble;
mod dir;
mod error;
mod http;
mod limit;
mod path;
mod resume;
mod source;
mod target;
#[cfg(test)]
mod testing;

pub use assemble::{Assembly, Counts, Seed, assemble};
pub use dir::DirSource;
pub use error::FetchError;
pub use http::{HttpSource, Patience};
pub use source::{Sink, Source};
