//! Finding the answers of an unattended installation.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_host::command::{Cmd, CommandError};
use megh_host::mount::{Mount, MountError, MountSpec};
use megh_model::answers::{
    ANSWERS_FILE, ANSWERS_LABEL, Answers, AnswersError, MEDIUM_ANSWERS_FILE,
};
use serde::Deserialize;

use crate::place::Place;
use crate::session::Lock;

/// Answers are small; more is refused.
const MAX_SIZE: u64 = 64 * 1024;

/// Why answers that exist cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Looking for them failed.
    #[error("cannot look for answers")]
    Look(#[from] CommandError),
    /// Another terminal reads them, and its end cannot be awaited.
    #[error("cannot wait for the turn to read the answers")]
    Turn(#[source] std::io::Error),
    /// The file system that has them cannot be mounted.
    #[error("cannot open the file system with the answers")]
    Mount(#[from] MountError),
    /// The file cannot be read.
    #[error("cannot read the answers in {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a set of answers.
    #[error("the answers in {origin} are not right")]
    Answers {
        /// Where they come from.
        origin: String,
        /// What is wrong with them.
        source: AnswersError,
    },
}

#[derive(Deserialize)]
struct Listing {
    blockdevices: Vec<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    path: PathBuf,
    label: Option<String>,
    fstype: Option<String>,
}

/// Answers on the medium, else on a file system with the label; `None` when
/// there are none. Answers that are there and wrong are an error.
pub fn find(machine: &dyn Machine, place: &Place) -> Result<Option<Answers>, FindError> {
    let on_medium = place.medium.join(MEDIUM_ANSWERS_FILE);
    if on_medium.exists() {
        return read(&on_medium, "the medium").map(Some);
    }
    let columns = ["--json", "--list", "--output", "PATH,LABEL,FSTYPE"];
    let listing: Listing = machine.json(&Cmd::new("lsblk").args(columns))?;
    let labelled = listing
        .blockdevices
        .into_iter()
        .find(|d| d.label.as_deref() == Some(ANSWERS_LABEL));
    let Some(Labelled {
        path,
        fstype: Some(fs),
        ..
    }) = labelled
    else {
        return Ok(None);
    };
    let _turn = Lock::wait(place, "answers.lock").map_err(FindError::Turn)?;
    let target = place.run.join("mount-answers");
    let spec = MountSpec::device(&path, target, &fs).read_only();
    let mount = Mount::on(
        machine,
        &spec.option("nosuid").option("nodev").option("noexec"),
    )?;
    let answers = read(
        &mount.path().join(ANSWERS_FILE),
        &path.display().to_string(),
    )?;
    mount.release()?;
    Ok(Some(answers))
}

/// Reads answers from a file.
pub fn read(path: &Path, origin: &str) -> Result<Answers, FindError> {
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_SIZE).read_to_string(&mut text))
        .map_err(|source| FindError::Read {
            path: path.to_owned(),
            source,
        })?;
    Answers::parse(&text).map_err(|source| FindError::Answers {
        origin: origin.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use megh_host::fake::FakeMachine;
    use megh_model::boot::Firmware;

    use super::*;

    const TEXT: &str = "schema = 1\nmode = \"erase\"\n[target]\nserial = \"X\"\n";

    fn place(dir: &Path) -> Place {
        Place {
            medium: dir.join("medium"),
            run: dir.join("run"),
            release: dir.into(),
            keys: dir.into(),
            secure_boot: "/nonexistent".into(),
            allow_expired: false,
            block: megh_host::block::Places {
                by_id: dir.into(),
                sys_block: dir.into(),
            },
            firmware: Firmware::Uefi,
            setup_mode: false,
            boot_device: None,
        }
    }

    fn listing(label: &str) -> String {
        format!(
            r#"{{"blockdevices":[{{"path":"/dev/sda","label":null,"fstype":null}},
            {{"path":"/dev/sdb","label":"{label}","fstype":"vfat"}}]}}"#
        )
    }

    #[test]
    fn the_medium_comes_first_and_needs_no_device() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        fs::create_dir(&place.medium).unwrap();
        fs::write(place.medium.join(MEDIUM_ANSWERS_FILE), TEXT).unwrap();
        let fake = FakeMachine::new();
        assert!(find(&fake, &place).unwrap().is_some());
        assert_eq!(fake.steps(), 0);
    }

    #[test]
    fn a_labelled_file_system_is_mounted_read_only_and_released() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        let fake = FakeMachine::new();
        fake.answer("lsblk", listing("MEGHANSWERS"));
        fs::create_dir_all(place.run.join("mount-answers")).unwrap();
        fs::write(place.run.join("mount-answers").join(ANSWERS_FILE), TEXT).unwrap();
        assert_eq!(
            find(&fake, &place)
                .unwrap()
                .unwrap()
                .target
                .serial
                .as_deref(),
            Some("X")
        );
        assert!(fake.mounted().is_empty());
        assert!(
            fake.journal()
                .iter()
                .any(|step| step.starts_with("mount /dev/sdb (vfat)"))
        );
    }

    #[test]
    fn several_terminals_read_the_same_answers_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        let fake = FakeMachine::new();
        fake.answer("lsblk", listing("MEGHANSWERS"));
        fs::create_dir_all(place.run.join("mount-answers")).unwrap();
        fs::write(place.run.join("mount-answers").join(ANSWERS_FILE), TEXT).unwrap();
        std::thread::scope(|scope| {
            let find = || (0..50).all(|_| find(&fake, &place).unwrap().is_some());
            let readers: Vec<_> = (0..4).map(|_| scope.spawn(find)).collect();
            assert!(readers.into_iter().all(|reader| reader.join().unwrap()));
        });
        assert!(fake.mounted().is_empty());
    }

    #[test]
    fn no_label_means_no_answers_and_wrong_answers_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        let fake = FakeMachine::new();
        fake.answer("lsblk", listing("DATA"));
        assert_eq!(find(&fake, &place).unwrap(), None);
        fake.answer("lsblk", listing("MEGHANSWERS"));
        fs::create_dir_all(place.run.join("mount-answers")).unwrap();
        fs::write(
            place.run.join("mount-answers").join(ANSWERS_FILE),
            format!("{TEXT}serail = 1\n"),
        )
        .unwrap();
        assert!(matches!(
            find(&fake, &place),
            Err(FindError::Answers { .. })
        ));
        assert!(fake.mounted().is_empty());
    }
}
