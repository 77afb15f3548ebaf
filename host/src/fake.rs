//! A machine that does nothing and remembers everything, and that can be told
//! to fail at any step.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::command::{Cmd, CommandError, Exit, Output};
use crate::disk::RawDisk;
use crate::efi::{BootEntries, EfiError, SecureBootKeys};
use crate::mount::{MountError, MountSpec};
use crate::{Machine, System};

/// A fake [`Machine`]: every program succeeds, every mount "works" (its target
/// directory is made, so that files can be put there), loop devices get
/// numbers, disks are the files of that name, and all of it is journaled.
/// Clones are the same machine.
#[derive(Debug, Default, Clone)]
pub struct FakeMachine {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    steps: usize,
    fail_at: Option<usize>,
    dead_from: Option<usize>,
    full: Vec<PathBuf>,
    unmountable: BTreeSet<PathBuf>,
    journal: Vec<String>,
    answers: Vec<(String, String)>,
    mounts: BTreeSet<PathBuf>,
    loops: BTreeSet<String>,
    next_loop: usize,
    boot_entries: Vec<BootEntries>,
}

impl FakeMachine {
    /// A machine on which everything works.
    pub fn new() -> Self {
        Self::default()
    }

    /// A machine on which step `n` (counted from 0) fails, once.
    pub fn failing_at(n: usize) -> Self {
        let fake = Self::default();
        fake.state().fail_at = Some(n);
        fake
    }

    /// A machine that loses power at step `n` (counted from 0): neither that one
    /// nor any later one is taken.
    pub fn dying_at(n: usize) -> Self {
        let fake = Self::default();
        fake.state().dead_from = Some(n);
        fake
    }

    /// The file system below `dir` is full: files there can be read, renamed and
    /// removed, and not be written.
    pub fn fill(&self, dir: impl Into<PathBuf>) {
        self.state().full.push(dir.into());
    }

    /// Nothing can be mounted on `target` from now on.
    pub fn refuse_mount(&self, target: impl Into<PathBuf>) {
        self.state().unmountable.insert(target.into());
    }

    /// Programs whose command line starts with `prefix` print `stdout`; the
    /// answer given last wins.
    pub fn answer(&self, prefix: impl Into<String>, stdout: impl Into<String>) {
        self.state().answers.push((prefix.into(), stdout.into()));
    }

    /// How many steps have been taken.
    pub fn steps(&self) -> usize {
        self.state().steps
    }

    /// Every step taken so far, a line each, as one would type it.
    pub fn journal(&self) -> Vec<String> {
        self.state().journal.clone()
    }

    /// What is mounted now.
    pub fn mounted(&self) -> Vec<PathBuf> {
        self.state().mounts.iter().cloned().collect()
    }

    /// Which loop devices are attached now.
    pub fn attached(&self) -> Vec<String> {
        self.state().loops.iter().cloned().collect()
    }

    /// What the firmware was asked for.
    pub fn boot_entries(&self) -> Vec<BootEntries> {
        self.state().boot_entries.clone()
    }

    /// Takes one step for something other than a program or a mount, such as
    /// a write; `Err` when this is the step that is to fail.
    pub fn step(&self, what: impl Into<String>) -> io::Result<()> {
        match self.state().begin(what.into()) {
            true => Ok(()),
            false => Err(io::Error::other("made to fail")),
        }
    }

    /// A step that needs room for the file at `path`.
    fn step_with_room(&self, what: String, path: &Path) -> io::Result<()> {
        self.step(what)?;
        match self.state().full.iter().any(|dir| path.starts_with(dir)) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Journals a step; false when it is one to fail.
    fn begin(&mut self, what: String) -> bool {
        let dead = self.dead_from.is_some_and(|from| self.steps >= from);
        let fails = dead || self.fail_at == Some(self.steps);
        self.steps += 1;
        self.journal.push(what);
        !fails
    }

    fn stdout(&mut self, line: &str) -> String {
        if let Some((_, stdout)) = self
            .answers
            .iter()
            .rev()
            .find(|(prefix, _)| line.starts_with(prefix))
        {
            return stdout.clone();
        }
        if line.starts_with("losetup --find") {
            let device = format!("/dev/loop{}", self.next_loop);
            self.next_loop += 1;
            self.loops.insert(device.clone());
            return device;
        }
        if let Some(device) = line.strip_prefix("losetup --detach ") {
            self.loops.remove(device);
        }
        String::new()
    }
}

impl Machine for FakeMachine {
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError> {
        let line = cmd.to_string();
        let mut state = self.state();
        if !state.begin(line.clone()) {
            return Err(CommandError::Failed {
                command: line,
                exit: Exit::Code(1),
                stderr: "made to fail".to_owned(),
            });
        }
        Ok(Output::success(state.stdout(&line)))
    }

    fn mount(&self, spec: &MountSpec) -> Result<(), MountError> {
        let target = spec.target().to_owned();
        let fail = |source| MountError::Mount {
            what: spec.what(),
            target: target.clone(),
            source,
        };
        self.step(format!("mount {} {}", spec.what(), target.display()))
            .map_err(fail)?;
        if self.state().unmountable.contains(&target) {
            return Err(fail(io::ErrorKind::InvalidInput.into()));
        }
        std::fs::create_dir_all(&target).map_err(fail)?;
        // What is mounted stays mounted, as with the kernel: EBUSY.
        if !self.state().mounts.insert(target.clone()) {
            return Err(fail(io::Error::from(io::ErrorKind::ResourceBusy)));
        }
        Ok(())
    }

    fn unmount(&self, target: &Path, _lazy: bool) -> Result<(), MountError> {
        self.step(format!("umount {}", target.display()))
            .map_err(|source| MountError::Unmount {
                target: target.to_owned(),
                source,
            })?;
        self.state().mounts.remove(target);
        Ok(())
    }

    fn open_disk(&self, path: &Path) -> io::Result<Box<dyn RawDisk>> {
        self.step(format!("open disk {}", path.display()))?;
        Ok(Box::new(FakeDisk {
            machine: self.clone(),
            inner: System.open_disk(path)?,
        }))
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        self.step(format!("read {}", path.display()))?;
        System.open_file(path)
    }

    fn write_file(&self, path: &Path, content: &mut dyn Read) -> io::Result<u64> {
        self.step_with_room(format!("write {}", path.display()), path)?;
        System.write_file(path, content)
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step_with_room(format!("overwrite {}", path.display()), path)?;
        System.overwrite(path, bytes)
    }

    fn put_in_place(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(format!("put in place {}", to.display()))?;
        System.put_in_place(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step(format!("remove {}", path.display()))?;
        System.remove_file(path)
    }

    fn open_target(&self, path: &Path) -> io::Result<File> {
        self.step(format!("open {}", path.display()))?;
        System.open_target(path)
    }

    fn register_boot(&self, entries: &BootEntries) -> Result<(), EfiError> {
        if self.step("register boot entries").is_err() {
            return Err(EfiError::NoAnswer);
        }
        self.state().boot_entries.push(entries.clone());
        Ok(())
    }

    fn enrol_secure_boot(&self, _keys: &SecureBootKeys) -> Result<(), EfiError> {
        self.step("enrol Secure Boot keys")
            .map_err(|_| EfiError::NoAnswer)
    }
}

/// A file that stands for a disk, every access a step.
#[derive(Debug)]
struct FakeDisk {
    machine: FakeMachine,
    inner: Box<dyn RawDisk>,
}

impl RawDisk for FakeDisk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.machine
            .step(format!("disk write {offset}+{}", bytes.len()))?;
        self.inner.write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.machine.step("disk sync")?;
        self.inner.sync()
    }

    fn read_back(
        &mut self,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        self.machine.step(format!("disk read {offset}+{length}"))?;
        self.inner.read_back(offset, length, each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mount::{LoopDevice, LoopSpec, Mount};

    #[test]
    fn it_fails_at_the_chosen_step_and_only_there() {
        let fake = FakeMachine::failing_at(1);
        let cmd = Cmd::new("true");
        assert!(fake.run(&cmd).is_ok());
        assert!(fake.run(&cmd).is_err());
        assert!(fake.run(&cmd).is_ok());
        assert_eq!(fake.steps(), 3);
    }

    #[test]
    fn without_power_nothing_works_any_more() {
        let fake = FakeMachine::dying_at(1);
        let cmd = Cmd::new("true");
        assert!(fake.run(&cmd).is_ok());
        assert!(fake.run(&cmd).is_err());
        assert!(fake.run(&cmd).is_err());
    }

    #[test]
    fn a_full_file_system_takes_nothing_and_gives_everything() {
        let dir = std::env::temp_dir().join(format!("megh-full-{}", std::process::id()));
        let (file, other) = (dir.join("file"), dir.join("other"));
        let fake = FakeMachine::new();
        fake.write_file(&file, &mut &b"was"[..]).unwrap();
        fake.fill(&dir);
        assert!(fake.write_file(&other, &mut &b"new"[..]).is_err());
        assert!(fake.overwrite(&file, b"new").is_err());
        assert!(fake.open_file(&file).is_ok());
        fake.remove_file(&file).unwrap();
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn it_knows_what_is_still_held() {
        let fake = FakeMachine::new();
        let device = LoopDevice::attach_on(&fake, &LoopSpec::whole("/disk")).unwrap();
        let target = std::env::temp_dir().join(format!("megh-fake-{}", std::process::id()));
        let mount = Mount::on(&fake, &MountSpec::device(device.path(), &target, "vfat")).unwrap();
        assert_eq!(
            (fake.mounted(), fake.attached()),
            (vec![target], vec!["/dev/loop0".to_owned()])
        );
        drop((mount, device));
        assert_eq!((fake.mounted().len(), fake.attached().len()), (0, 0));
    }
}
