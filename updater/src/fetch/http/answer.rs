//! What an answer's head must say before a byte of its body is taken.

use reqwest::StatusCode;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName,
};

use crate::fetch::FetchError;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A whole file of at most so many bytes.
    AtMost(u64),
    /// A whole file of exactly so many bytes.
    Whole(u64),
    /// Bytes `from..from + len`.
    Range { from: u64, len: u64 },
}

impl Wanted {
    /// What is still to be had after `got` bytes.
    pub(super) fn after(self, got: u64) -> Self {
        match self {
            _ if got == 0 => self,
            Self::AtMost(_) => self,
            Self::Whole(size) => Self::Range {
                from: got,
                len: size - got,
            },
            Self::Range { from, len } => Self::Range {
                from: from + got,
                len: len - got,
            },
        }
    }

    /// Whether another request can go on after `got` bytes.
    pub(super) const fn resumes(self, got: u64) -> bool {
        match self {
            Self::AtMost(_) => got == 0,
            Self::Whole(_) | Self::Range { .. } => true,
        }
    }

    /// Whether the file may be another one at each request: documents are, parts
    /// of a release are not.
    pub(super) const fn may_change(self) -> bool {
        matches!(self, Self::AtMost(_))
    }

    /// Most bytes of the body.
    pub(super) const fn limit(self) -> u64 {
        match self {
            Self::AtMost(limit) | Self::Whole(limit) => limit,
            Self::Range { len, .. } => len,
        }
    }

    /// Fewest bytes of the body.
    pub(super) const fn least(self) -> u64 {
        match self {
            Self::AtMost(_) => 0,
            Self::Whole(size) => size,
            Self::Range { len, .. } => len,
        }
    }

    /// The value of the `Range` header.
    pub(super) fn header(self) -> Option<String> {
        match self {
            Self::AtMost(_) | Self::Whole(_) => None,
            Self::Range { from, len } => Some(format!("bytes={from}-{}", from + len - 1)),
        }
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    etag: Option<String>,
    total: Option<u64>,
}

impl Seen {
    /// Whether both can be the same state of a file.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let etags = match (&self.etag, &other.etag) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let totals = match (self.total, other.total) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        etags && totals
    }
}

/// Checks status and headers of an answer to `wanted`.
pub(super) fn check(
    name: &str,
    wanted: Wanted,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Seen, FetchError> {
    let path = || name.to_owned();
    let expected = match wanted {
        Wanted::Range { .. } => StatusCode::PARTIAL_CONTENT,
        Wanted::AtMost(_) | Wanted::Whole(_) => StatusCode::OK,
    };
    if status != expected {
        return Err(wrong_status(name, wanted, status));
    }
    if let Some(encoding) = text(headers, &CONTENT_ENCODING).filter(|e| *e != "identity") {
        let encoding = encoding.escape_default().take(40).collect();
        return Err(FetchError::Encoded {
            path: path(),
            encoding,
        });
    }
    let length = text(headers, &CONTENT_LENGTH).and_then(|text| text.parse().ok());
    let total = match wanted {
        Wanted::Range { from, len } => Some(check_range(name, from, len, headers, length)?),
        Wanted::AtMost(limit) | Wanted::Whole(limit) if length.is_some_and(|l| l > limit) => {
            return Err(FetchError::TooLong {
                path: path(),
                limit,
            });
        }
        Wanted::Whole(expected) => match length {
            Some(found) if found < expected => {
                return Err(FetchError::TooShort {
                    path: path(),
                    found,
                    expected,
                });
            }
            length => length,
        },
        Wanted::AtMost(_) => length,
    };
    Ok(Seen {
        etag: text(headers, &ETAG)
            .filter(|etag| etag.starts_with('"'))
            .map(str::to_owned),
        total,
    })
}

fn wrong_status(name: &str, wanted: Wanted, status: StatusCode) -> FetchError {
    let path = name.to_owned();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => FetchError::NotFound { path },
        StatusCode::OK => FetchError::RangeIgnored { path },
        StatusCode::RANGE_NOT_SATISFIABLE => FetchError::RangeWrong {
            path,
            why: "it has no such bytes".to_owned(),
        },
        StatusCode::PARTIAL_CONTENT => FetchError::RangeWrong {
            path,
            why: format!(
                "{} was asked for",
                match wanted {
                    Wanted::AtMost(_) | Wanted::Whole(_) => "the whole file",
                    Wanted::Range { .. } => "a range",
                }
            ),
        },
        status => FetchError::Status {
            path,
            status: status.as_u16(),
        },
    }
}

/// The total size, when the range is exactly the one asked for.
fn check_range(
    name: &str,
    from: u64,
    len: u64,
    headers: &HeaderMap,
    length: Option<u64>,
) -> Result<u64, FetchError> {
    let wrong = |why: String| FetchError::RangeWrong {
        path: name.to_owned(),
        why,
    };
    let text = text(headers, &CONTENT_RANGE).ok_or_else(|| wrong("it names none".to_owned()))?;
    let (first, last, total) =
        parse_range(text).ok_or_else(|| wrong(format!("`{}`", text.escape_default())))?;
    if first != from || last != from + len - 1 || last >= total {
        return Err(wrong(format!("`{text}`")));
    }
    match length {
        Some(length) if length != len => Err(wrong(format!("{length} bytes instead of {len}"))),
        _ => Ok(total),
    }
}

/// `bytes FIRST-LAST/TOTAL` (RFC 9110, section 14.4).
fn parse_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    Some((number(first)?, number(last)?, number(total)?))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
