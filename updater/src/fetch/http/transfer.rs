//! One request and its answer.

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{ACCEPT_ENCODING, RANGE};
use tokio::time::timeout;

use super::answer::{self, Seen, Wanted};
use super::client::{MAX_REDIRECTS, RedirectError};
use super::{Patience, State};
use crate::fetch::FetchError;
use crate::fetch::source::Sink;

/// A server that sends fewer bytes than this in a whole [`Patience::stall`] of
/// waiting stalls, however regularly it sends them.
const TRICKLE: u64 = 1024;

impl State {
    /// Sends one request and hands over its body as it comes.
    pub(super) fn transfer(
        &mut self,
        name: &str,
        url: &Url,
        wanted: Wanted,
        patience: &Patience,
        sink: &mut Sink<'_>,
    ) -> Result<(), FetchError> {
        let Self {
            runtime,
            client,
            bucket,
            seen,
        } = self;
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(range) = wanted.header() {
            request = request.header(RANGE, range);
        }
        runtime.block_on(async {
            let stalled = || stalled(name, patience);
            let mut response = timeout(patience.connect + patience.stall, request.send())
                .await
                .map_err(|_| stalled())?
                .map_err(|error| unsent(name, error))?;
            let facts = answer::check(name, wanted, response.status(), response.headers())?;
            if !wanted.may_change() {
                notice(seen, name, facts)?;
            }
            let mut flow = Flow::new(name, wanted, patience);
            loop {
                let asked = Instant::now();
                let piece = timeout(patience.stall, response.chunk())
                    .await
                    .map_err(|_| stalled())?
                    .map_err(|_| flow.closed())?;
                let Some(piece) = piece else {
                    return flow.end();
                };
                flow.take(piece.len() as u64, asked.elapsed())?;
                sink(&piece).map_err(|source| FetchError::Target {
                    what: "write what was fetched",
                    source,
                })?;
                if let Some(bucket) = bucket {
                    tokio::time::sleep(bucket.take(piece.len(), Instant::now())).await;
                }
            }
        })
    }
}

/// Refuses a file that is another one than an earlier request saw.
fn notice(seen: &mut HashMap<String, Seen>, name: &str, facts: Seen) -> Result<(), FetchError> {
    match seen.get(name) {
        Some(known) if !known.agrees(&facts) => Err(FetchError::Changed {
            path: name.to_owned(),
        }),
        Some(_) => Ok(()),
        None => {
            seen.insert(name.to_owned(), facts);
            Ok(())
        }
    }
}

/// Counts a body while it comes.
struct Flow<'a> {
    name: &'a str,
    wanted: Wanted,
    patience: &'a Patience,
    got: u64,
    /// Bytes and time waited since the server last proved to be quick enough.
    trickle: (u64, Duration),
}

impl<'a> Flow<'a> {
    const fn new(name: &'a str, wanted: Wanted, patience: &'a Patience) -> Self {
        Self {
            name,
            wanted,
            patience,
            got: 0,
            trickle: (0, Duration::ZERO),
        }
    }

    fn take(&mut self, bytes: u64, waited: Duration) -> Result<(), FetchError> {
        self.got += bytes;
        if self.got > self.wanted.limit() {
            return Err(FetchError::TooLong {
                path: self.name.to_owned(),
                limit: self.wanted.limit(),
            });
        }
        self.trickle.0 += bytes;
        self.trickle.1 += waited;
        if self.trickle.0 >= TRICKLE {
            self.trickle = (0, Duration::ZERO);
        } else if self.trickle.1 > self.patience.stall {
            return Err(stalled(self.name, self.patience));
        }
        Ok(())
    }

    /// The answer ended as the server meant it to.
    fn end(&self) -> Result<(), FetchError> {
        if self.got < self.wanted.least() {
            return Err(FetchError::TooShort {
                path: self.name.to_owned(),
                found: self.got,
                expected: self.wanted.least(),
            });
        }
        Ok(())
    }

    /// The connection broke.
    fn closed(&self) -> FetchError {
        FetchError::ClosedEarly {
            path: self.name.to_owned(),
            got: self.got,
            expected: self.wanted.limit(),
        }
    }
}

fn stalled(name: &str, patience: &Patience) -> FetchError {
    FetchError::Stalled {
        path: name.to_owned(),
        seconds: patience.stall.as_secs(),
    }
}

/// Sorts what the client says when there was no answer.
fn unsent(name: &str, error: reqwest::Error) -> FetchError {
    let path = name.to_owned();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        match inner.downcast_ref::<RedirectError>() {
            Some(RedirectError::TooMany) => {
                return FetchError::Redirects {
                    path,
                    limit: MAX_REDIRECTS,
                };
            }
            Some(RedirectError::Refused(to)) => {
                return FetchError::RedirectRefused {
                    path,
                    to: to.clone(),
                };
            }
            None => cause = inner.source(),
        }
    }
    FetchError::Connect {
        path,
        // The address may hold a password.
        source: error.without_url().into(),
    }
}
