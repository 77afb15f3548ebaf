//! Pages of lists, by key: what is added or removed in between does not shift them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use megh_api_types::{Page, PageQuery};

use crate::fault::Fault;

const DEFAULT: u32 = 100;
const MOST: u32 = 1000;

/// A validated [`PageQuery`].
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    /// Rows wanted.
    limit: u32,
    /// Key of the last row of the page before.
    after: Option<String>,
}

impl Paging {
    /// Checks what the client sent.
    pub(crate) fn new(query: &PageQuery) -> Result<Self, Fault> {
        let limit = query.limit.unwrap_or(DEFAULT);
        if !(1..=MOST).contains(&limit) {
            return Err(Fault::field("limit", format!("must be from 1 to {MOST}")));
        }
        let after = query.after.as_deref().map(decode).transpose()?;
        Ok(Self { limit, after })
    }

    /// The key to start after; `first` on the first page.
    pub(super) fn after(&self, first: &str) -> String {
        self.after.clone().unwrap_or_else(|| first.to_owned())
    }

    /// How many rows to ask for: one more than wanted, to see whether there is a next page.
    pub(super) fn ask(&self) -> u32 {
        self.limit + 1
    }

    /// Makes the page of what was asked for.
    pub(super) fn page<T>(&self, mut items: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        let wanted = self.limit as usize;
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Page { items, next }
    }
}

fn decode(token: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Fault::field("after", "must be the `next` of the page before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_without_gap_or_overlap() {
        let rows: Vec<u32> = (10..15).collect();
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let paging = Paging::new(&PageQuery {
                limit: Some(2),
                after,
            })
            .expect("valid");
            let from: u32 = paging.after("0").parse().expect("a number");
            let found = rows
                .iter()
                .copied()
                .filter(|row| *row > from)
                .take(paging.ask() as usize)
                .collect();
            let page = paging.page(found, u32::to_string);
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, rows);
    }

    #[test]
    fn limits_and_tokens_are_checked() {
        for (limit, after) in [
            (Some(0), None),
            (Some(1001), None),
            (None, Some("%%".to_owned())),
        ] {
            assert!(Paging::new(&PageQuery { limit, after }).is_err());
        }
    }
}
