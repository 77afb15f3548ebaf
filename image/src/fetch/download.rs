//! One download, with retries, resumption and a check of what came.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::RANGE;
use reqwest::{Client, StatusCode};
use tokio::fs;
use tokio::io::AsyncWriteExt;

use crate::digest;
use crate::lock::Package;
use crate::progress::Progress;

const TRIES: u32 = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// A server that sends nothing for this long is given up.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a package could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The mirror does not have it (any longer).
    #[error(
        "package {name} {version} is no longer on the mirror, nor in the cache; \
         `megh-image lock` makes a lock of today's packages"
    )]
    Gone {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// The network or the server failed, again and again.
    #[error("package {name} cannot be downloaded")]
    Network {
        /// The package.
        name: String,
        /// What went wrong last.
        source: reqwest::Error,
    },
    /// The mirror has another file of that name.
    #[error("package {name}: the mirror's file is not the one that was locked (SHA-256 {found})")]
    Content {
        /// The package.
        name: String,
        /// The digest of what came.
        found: String,
    },
    /// The file could not be written.
    #[error("package {name} cannot be written to {}", path.display())]
    Write {
        /// The package.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A client that follows this machine's proxy settings.
pub(super) fn client() -> anyhow::Result<Client> {
    // Another part of the process may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build()?)
}

/// What to download, and where to.
pub(super) struct Target<'a> {
    pub(super) package: &'a Package,
    pub(super) url: String,
    pub(super) path: PathBuf,
}

/// How one attempt failed.
enum Attempt {
    /// Trying again may help.
    Again(reqwest::Error),
    /// It will not.
    Never(FetchError),
}

impl Target<'_> {
    /// Downloads until the file is there and right.
    pub(super) async fn download(
        &self,
        client: &Client,
        progress: &Mutex<Progress>,
    ) -> Result<(), FetchError> {
        let mut tried = 1;
        loop {
            match self.attempt(client, progress).await {
                Ok(()) => return self.accept(progress).await,
                Err(Attempt::Never(error)) => return Err(error),
                Err(Attempt::Again(source)) if tried >= TRIES => {
                    let name = self.package.name.clone();
                    return Err(FetchError::Network { name, source });
                }
                Err(Attempt::Again(_)) => {
                    tokio::time::sleep(Duration::from_secs(1 << tried)).await;
                    tried += 1;
                }
            }
        }
    }

    /// Fetches what is still missing of the partial file.
    async fn attempt(&self, client: &Client, progress: &Mutex<Progress>) -> Result<(), Attempt> {
        let partial = self.partial();
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&partial)
            .await
            .map_err(|error| self.write_failed(error))?;
        let mut have = file
            .metadata()
            .await
            .map_err(|error| self.write_failed(error))?
            .len();
        if have >= self.package.size {
            file.set_len(0)
                .await
                .map_err(|error| self.write_failed(error))?;
            have = 0;
        }
        let mut response = client
            .get(&self.url)
            .header(RANGE, format!("bytes={have}-"))
            .send()
            .await
            .map_err(Attempt::Again)?;
        if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&response.status()) {
            return Err(Attempt::Never(self.gone()));
        }
        if response.status() != StatusCode::PARTIAL_CONTENT {
            response = response.error_for_status().map_err(Attempt::Again)?;
            file.set_len(0)
                .await
                .map_err(|error| self.write_failed(error))?;
        } else {
            count(progress, have);
        }
        while let Some(chunk) = response.chunk().await.map_err(|error| {
            self.forget(progress);
            Attempt::Again(error)
        })? {
            file.write_all(&chunk)
                .await
                .map_err(|error| self.write_failed(error))?;
            count(progress, chunk.len() as u64);
        }
        file.flush().await.map_err(|error| self.write_failed(error))
    }

    /// Checks the content and gives the file its name.
    async fn accept(&self, progress: &Mutex<Progress>) -> Result<(), FetchError> {
        let partial = self.partial();
        let found = digest::file(&partial).unwrap_or_else(|_| "unreadable".to_owned());
        let name = self.package.name.clone();
        if found != self.package.sha256 {
            // Kept, it would be taken for the beginning of the right file.
            let _ = fs::remove_file(&partial).await;
            self.forget(progress);
            return Err(FetchError::Content { name, found });
        }
        fs::rename(&partial, &self.path)
            .await
            .map_err(|source| FetchError::Write {
                name,
                path: self.path.clone(),
                source,
            })
    }

    fn partial(&self) -> PathBuf {
        self.path.with_extension("partial")
    }

    /// Uncounts what has come; the next attempt counts what is there.
    fn forget(&self, progress: &Mutex<Progress>) {
        let have = std::fs::metadata(self.partial()).map_or(0, |meta| meta.len());
        lock(progress).take_back(have);
    }

    fn gone(&self) -> FetchError {
        FetchError::Gone {
            name: self.package.name.clone(),
            version: self.package.version.clone(),
        }
    }

    fn write_failed(&self, source: io::Error) -> Attempt {
        Attempt::Never(FetchError::Write {
            name: self.package.name.clone(),
            path: self.partial(),
            source,
        })
    }
}

fn count(progress: &Mutex<Progress>, bytes: u64) {
    lock(progress).add(bytes);
}

fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
