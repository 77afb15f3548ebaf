//! Results that are made once per set of inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};

/// How many results of one stage are kept, the newest first.
const KEPT: usize = 3;

/// A folder of results, each named by its stage and the key of its inputs.
pub struct Stages {
    dir: PathBuf,
}

impl Stages {
    /// The results in `dir`.
    pub fn new(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Where they lie.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The result of stage `name` for the inputs of `key`: the one at hand, or
    /// one that `make` makes in the empty folder it is given. A result appears
    /// whole or not at all, so an interrupted build goes on here.
    pub fn folder(
        &self,
        name: &str,
        key: &str,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let result = self.dir.join(format!("{name}-{}", &key[..16]));
        if result.exists() {
            touch(&result);
            eprintln!("==> {name}: nothing changed");
            return Ok(result);
        }
        let started = begin(name);
        let partial = self.dir.join(format!("{name}.partial"));
        remove(&partial)?;
        fs::create_dir_all(&partial)
            .with_context(|| format!("cannot make {}", partial.display()))?;
        make(&partial)?;
        fs::rename(&partial, &result)
            .with_context(|| format!("cannot name {}", result.display()))?;
        end(name, started);
        self.prune(name)?;
        Ok(result)
    }

    /// Removes all but the newest results of a stage.
    fn prune(&self, name: &str) -> Result<()> {
        let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.dir)?.flatten() {
            let file = entry.file_name();
            let belongs = file
                .to_string_lossy()
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(|key| key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit()));
            if belongs {
                found.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        found.sort();
        found.reverse();
        found
            .iter()
            .skip(KEPT)
            .try_for_each(|(_, path)| remove(path))
    }
}

/// Runs work that is done every time, with its time printed.
pub fn timed<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = begin(name);
    let value = work()?;
    end(name, started);
    Ok(value)
}

/// Removes a file or folder, if there is one.
pub fn remove(path: &Path) -> Result<()> {
    let gone = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    gone.with_context(|| format!("cannot remove {}", path.display()))
}

/// Writes a file so that readers see its old content or its new one.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    fs::write(&partial, content)
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn begin(name: &str) -> Instant {
    eprintln!("==> {name} …");
    Instant::now()
}

fn end(name: &str, started: Instant) {
    eprintln!("==> {name}: done in {}", seconds(started.elapsed()));
}

/// A duration as people read it.
pub fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    match whole {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

/// Marks a result as used, so that it is pruned last. Only a matter of order.
fn touch(path: &Path) {
    let stamped = fs::File::open(path).and_then(|dir| dir.set_modified(SystemTime::now()));
    if let Err(error) = stamped {
        tracing::debug!(%error, path = %path.display(), "cannot mark as used");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123";

    #[test]
    fn a_result_is_made_once_and_never_half() {
        let dir = tempfile::tempdir().unwrap();
        let stages = Stages::new(dir.path()).unwrap();
        let failed = stages.folder("root", KEY, |out| {
            fs::write(out.join("half"), "")?;
            anyhow::bail!("interrupted")
        });
        assert!(failed.is_err());
        let made = stages.folder("root", KEY, |out| {
            assert!(!out.join("half").exists());
            Ok(fs::write(out.join("whole"), "")?)
        });
        assert!(made.unwrap().join("whole").exists());
        stages
            .folder("root", KEY, |_| panic!("made twice"))
            .unwrap();
    }

    #[test]
    fn old_results_go_and_those_of_other_stages_stay() {
        let dir = tempfile::tempdir().unwrap();
        let stages = Stages::new(dir.path()).unwrap();
        stages.folder("root-fs", KEY, |_| Ok(())).unwrap();
        for number in 0..5 {
            let key = format!("{number}23456789abcdef0");
            stages.folder("root", &key, |_| Ok(())).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        let left: Vec<bool> = (0..5)
            .map(|number| dir.path().join(format!("root-{number}23456789abcdef0")))
            .map(|path| path.exists())
            .collect();
        assert_eq!(left, [false, false, true, true, true]);
        assert!(dir.path().join(format!("root-fs-{}", &KEY[..16])).exists());
    }

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(1540)), "1.5 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
