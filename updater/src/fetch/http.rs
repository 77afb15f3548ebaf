//! Releases on a web server: HTTP/1.1 with range requests, over TLS or not.
//!
//! Transport is trusted with nothing but privacy: what comes is checked against
//! signed documents. So this module sees to it that a server can neither fill
//! memory, nor make the machine wait for ever, nor pass one file for another
//! unnoticed.

mod answer;
mod client;
mod transfer;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use tokio::runtime::Runtime;

use super::limit::Bucket;
use super::source::{Sink, Source};
use super::{FetchError, path};
use answer::{Seen, Wanted};

/// A connection that brings at least this many bytes was worth it: the count of
/// failures begins anew.
const PROGRESS: u64 = 64 * 1024;

/// How long a server is waited for, and how often it is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the answer's head, and for every further byte.
    pub stall: Duration,
    /// Tries in a row that bring nothing.
    pub tries: u32,
    /// Pause before the second try; it doubles with each.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            tries: 4,
            pause: Duration::from_secs(1),
        }
    }
}

/// A web server's directory that holds releases. One request runs at a time.
pub struct HttpSource {
    base: Url,
    patience: Patience,
    state: Mutex<State>,
}

struct State {
    runtime: Runtime,
    client: Client,
    bucket: Option<Bucket>,
    /// What was learned of files, to notice that one is replaced.
    seen: HashMap<String, Seen>,
}

impl HttpSource {
    /// The directory at `url` (http or https). `limit` is in bytes per second.
    /// Nothing is connected yet.
    pub fn new(url: &str, limit: Option<u64>) -> Result<Self, FetchError> {
        Self::with_patience(url, limit, Patience::default())
    }

    /// The same with other deadlines.
    pub fn with_patience(
        url: &str,
        limit: Option<u64>,
        patience: Patience,
    ) -> Result<Self, FetchError> {
        let base = client::base(url)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| FetchError::Setup(error.into()))?;
        let state = State {
            runtime,
            client: client::client(&patience)?,
            bucket: limit.map(|rate| Bucket::new(rate, Instant::now())),
            seen: HashMap::new(),
        };
        Ok(Self {
            base,
            patience,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches `wanted`, going on where a broken connection ended.
    fn fetch(&self, name: &str, wanted: Wanted, sink: &mut Sink<'_>) -> Result<u64, FetchError> {
        let url = self
            .base
            .join(path::check(name)?)
            .map_err(|_| FetchError::Path(name.to_owned()))?;
        let mut state = self.state();
        let (mut got, mut failures) = (0, 0);
        loop {
            let before = got;
            let mut counted = |bytes: &[u8]| {
                sink(bytes)?;
                got += bytes.len() as u64;
                Ok(())
            };
            let rest = wanted.after(before);
            let result = state.transfer(name, &url, rest, &self.patience, &mut counted);
            match result {
                Ok(()) => return Ok(got),
                Err(error) if error.is_passing() && wanted.resumes(got) => {
                    failures = if got - before >= PROGRESS {
                        1
                    } else {
                        failures + 1
                    };
                    if failures >= self.patience.tries {
                        return Err(error);
                    }
                    std::thread::sleep(self.patience.pause * (1 << (failures - 1).min(6)));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Source for HttpSource {
    fn read_small(&self, path: &str, max: u64) -> Result<Vec<u8>, FetchError> {
        let mut failures = 0;
        loop {
            let mut bytes = Vec::new();
            let result = self.fetch(path, Wanted::AtMost(max), &mut |piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            });
            // A document is not gone on with: it may be another one by now.
            match result {
                Err(error) if error.is_passing() && !bytes.is_empty() => {
                    failures += 1;
                    if failures >= self.patience.tries {
                        return Err(error);
                    }
                }
                result => return result.map(|_| bytes),
            }
        }
    }

    fn read_range(
        &self,
        path: &str,
        from: u64,
        len: u64,
        sink: &mut Sink<'_>,
    ) -> Result<(), FetchError> {
        if len == 0 {
            return Ok(());
        }
        self.fetch(path, Wanted::Range { from, len }, sink)
            .map(drop)
    }

    fn read_whole(&self, path: &str, size: u64, sink: &mut Sink<'_>) -> Result<(), FetchError> {
        self.fetch(path, Wanted::Whole(size), sink).map(drop)
    }

    fn describe(&self) -> String {
        let mut shown = self.base.clone();
        // Only refused for addresses without a host, which are no base.
        let _ = shown.set_password(None);
        shown.to_string()
    }
}

#[cfg(test)]
mod tests;
