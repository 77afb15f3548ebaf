//! Follows a log file that grows, is truncated or is replaced by a new one.

use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::sleep;

/// How much of what was printed before is shown.
pub(super) const TAIL: u64 = 64 * 1024;
/// Most bytes handed over at once.
const CHUNK: usize = 32 * 1024;
/// Pause between looks while there is nothing new.
const PAUSE: Duration = Duration::from_millis(40);

/// Follows a file from its last 64 KiB on.
pub(super) struct Follower {
    path: PathBuf,
    file: Option<File>,
    position: u64,
    /// Only the first file starts with its tail; its successors start whole.
    begun: bool,
    /// What was read of the next chunk when the caller lost patience.
    buffer: Vec<u8>,
}

impl Follower {
    /// Nothing is opened yet; the file may also come later.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            position: 0,
            begun: false,
            buffer: vec![0; CHUNK],
        }
    }

    /// Waits for more output. May be dropped and called again: nothing is lost.
    pub(super) async fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(chunk) = self.read().await? {
                return Ok(chunk);
            }
            if !self.moved_on().await? {
                sleep(PAUSE).await;
            }
        }
    }

    /// What is there now, if anything.
    async fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        if file.metadata().await?.len() < self.position {
            self.position = 0;
        }
        // The position counts what was handed over, so a read that was
        // dropped half way is done again.
        file.seek(SeekFrom::Start(self.position)).await?;
        let count = file.read(&mut self.buffer).await?;
        self.position += count as u64;
        Ok((count > 0).then(|| self.buffer[..count].to_vec()))
    }

    /// Opens the file that has the path now, if it is another one.
    async fn moved_on(&mut self) -> io::Result<bool> {
        let there = match fs::metadata(&self.path).await {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if let Some(file) = &self.file {
            let here = file.metadata().await?;
            if (here.dev(), here.ino()) == (there.dev(), there.ino()) {
                return Ok(false);
            }
        }
        let file = match File::open(&self.path).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        self.position = if self.begun {
            0
        } else {
            file.metadata().await?.len().saturating_sub(TAIL)
        };
        self.begun = true;
        self.file = Some(file);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    async fn read(follower: &mut Follower, wanted: usize) -> String {
        let mut all = Vec::new();
        while all.len() < wanted {
            let next = tokio::time::timeout(Duration::from_secs(120), follower.next());
            all.extend(next.await.expect("in time").expect("readable"));
        }
        String::from_utf8(all).expect("text")
    }

    #[tokio::test]
    async fn a_log_is_followed_from_its_tail_through_growth_truncation_and_replacement() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("guest.log");
        let append = |text: &str| {
            let mut file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(&path)
                .expect("a file");
            file.write_all(text.as_bytes()).expect("written");
        };
        let mut follower = Follower::new(path.clone());

        append(&"x".repeat(100_000));
        append("end");
        let tail = read(&mut follower, TAIL as usize).await;
        assert!(tail.len() as u64 == TAIL && tail.ends_with("xend"));

        append("more");
        assert_eq!(read(&mut follower, 4).await, "more");
        std::fs::write(&path, "short").expect("written");
        assert_eq!(read(&mut follower, 5).await, "short");
        append("last");
        std::fs::rename(&path, home.path().join("guest.log.0")).expect("moved");
        append("next");
        assert_eq!(read(&mut follower, 8).await, "lastnext");
    }

    #[tokio::test]
    async fn a_log_may_come_later() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("guest.log");
        let mut follower = Follower::new(path.clone());
        tokio::time::timeout(Duration::from_millis(100), follower.next())
            .await
            .expect_err("nothing yet");
        std::fs::write(&path, "hello").expect("written");
        assert_eq!(read(&mut follower, 5).await, "hello");
    }
}
