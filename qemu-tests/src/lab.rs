//! Where a scenario runs: its folder, its release, and what is left of it
//! after a failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::release::Release;
use crate::serial::SerialLog;

/// Lines of each serial port shown after a failure.
const TAIL_LINES: usize = 60;

/// The place of one scenario.
#[derive(Debug)]
pub struct Lab {
    dir: PathBuf,
    release: OnceLock<Release>,
    cache: PathBuf,
    serial_logs: Mutex<Vec<(String, SerialLog)>>,
    started: Instant,
}

/// Runs `story` in a lab of its own. When it fails, the tail of every serial
/// port is printed and the lab with its disks stays where it is; otherwise
/// nothing is left.
///
/// # Panics
/// When the story fails, which is how a test fails.
pub fn scenario(name: &str, story: impl FnOnce(&Lab) -> Result<()>) {
    let lab = Lab::open(name).unwrap_or_else(|error| panic!("opening the lab: {error:#}"));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| story(&lab)));
    match outcome {
        Ok(Ok(())) => {
            lab.say("done");
            lab.clear();
        }
        Ok(Err(error)) => {
            lab.show_remains();
            panic!("{name}: {error:#}");
        }
        Err(panic) => {
            lab.show_remains();
            std::panic::resume_unwind(panic);
        }
    }
}

impl Lab {
    /// An empty lab of this name.
    fn open(name: &str) -> Result<Self> {
        let slug: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let dir = cache_dir().join("labs").join(slug);
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("clearing {}", dir.display()))?;
        }
        Self::at(dir)
    }

    /// A lab that stays as it is from one run to the next.
    pub fn lasting(name: &str) -> Result<Self> {
        Self::at(cache_dir().join(name))
    }

    fn at(dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(Self {
            dir,
            release: OnceLock::new(),
            cache: cache_dir(),
            serial_logs: Mutex::new(Vec::new()),
            started: Instant::now(),
        })
    }

    /// The folder of this scenario.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A path in the folder of this scenario.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What outlives scenarios: installed disks, guests.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Waits until nobody else makes the thing of this name in the cache; others
    /// wait until what is returned is dropped.
    pub(crate) fn making(&self, name: &str) -> Result<fs::File> {
        let path = self.cache.join(format!("{name}.lock"));
        let lock = fs::File::create(&path).with_context(|| format!("making {}", path.display()))?;
        lock.lock()
            .with_context(|| format!("locking {}", path.display()))?;
        Ok(lock)
    }

    /// The release under test.
    pub fn release(&self) -> Result<&Release> {
        if let Some(release) = self.release.get() {
            return Ok(release);
        }
        let found = Release::find()?;
        Ok(self.release.get_or_init(|| found))
    }

    fn name(&self) -> std::borrow::Cow<'_, str> {
        self.dir.file_name().unwrap_or_default().to_string_lossy()
    }

    /// Prints a line of the story with its name, for several may run at the same
    /// time, and the time since its start.
    pub fn say(&self, line: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        println!("    {} [{seconds:6.1} s] {line}", self.name());
    }

    /// Remembers the log of a machine for the case of a failure.
    pub(crate) fn keep_log(&self, machine: &str, log: SerialLog) {
        self.serial_logs
            .lock()
            .expect("no panic holds the logs")
            .push((machine.to_owned(), log));
    }

    fn show_remains(&self) {
        for (machine, log) in self
            .serial_logs
            .lock()
            .expect("no panic holds the logs")
            .iter()
        {
            eprintln!("---- last lines on the serial port of `{machine}` ----");
            eprintln!("{}", log.tail(TAIL_LINES));
        }
        eprintln!(
            "---- disks and logs are kept in {} ----",
            self.dir.display()
        );
    }

    fn clear(&self) {
        if std::env::var_os("MEGHOS_KEEP_LABS").is_none() {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// `$MEGHOS_CACHE`, or `~/.cache/meghos`.
pub(crate) fn cache_dir() -> PathBuf {
    std::env::var_os("MEGHOS_CACHE").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/meghos"),
        PathBuf::from,
    )
}

/// The keys that signed what is under test: the folder `$MEGHOS_KEYS`, or the
/// development keys of the cache.
pub(crate) fn keys_dir() -> PathBuf {
    std::env::var_os("MEGHOS_KEYS").map_or_else(|| cache_dir().join("dev-keys"), PathBuf::from)
}
