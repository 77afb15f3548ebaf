//! Getting a part's chunk index.

use megh_model::delta::{Index, MAX_INDEX_BYTES};
use megh_model::release::{Part, PartCheck, PartError};

use super::Work;
use crate::fetch::FetchError;

impl Work<'_> {
    /// Fetches and checks the index. It must be the signed one, and of a part
    /// of this size.
    pub(super) fn fetch_index(&mut self, path: &str, listed: &Part) -> Result<Index, FetchError> {
        let refused = |why: String| FetchError::Index {
            path: path.to_owned(),
            why,
        };
        if listed.size > MAX_INDEX_BYTES {
            return Err(refused(format!("{} bytes are too many", listed.size)));
        }
        let bytes = match self.source.read_small(path, listed.size) {
            Err(error) if !error.is_passing() => {
                return Err(refused(error.to_string()));
            }
            result => result?,
        };
        self.counts.fetched += bytes.len() as u64;
        let mut check = PartCheck::new(self.kind, listed);
        check
            .update(&bytes)
            .and_then(|()| check.finish())
            .map_err(|error: PartError| refused(error.to_string()))?;
        let index = Index::parse(&bytes).map_err(|error| refused(error.to_string()))?;
        if index.part_size() != self.part.size {
            return Err(refused(format!(
                "it is of a part of {} bytes, not {}",
                index.part_size(),
                self.part.size
            )));
        }
        Ok(index)
    }
}

/// Whether an error says that the part cannot be had by its chunks, but may be
/// had whole: the index is absent or not right, or the server has no ranges.
/// Wrong bytes of the part itself are wrong either way.
pub(super) const fn is_of_no_use(error: &FetchError) -> bool {
    matches!(
        error,
        FetchError::Index { .. }
            | FetchError::RangeIgnored { .. }
            | FetchError::Part(PartError::Digest { .. })
    )
}
