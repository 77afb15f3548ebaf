use std::fs;
use std::path::Path;

use super::*;
use crate::image_check::partition_place;
use crate::image_check::testing::World;
use crate::write_log::testing::Hand;
use crate::write_log::{Base, SECTOR, WriteLog};

/// A disk before an update, and the writes of one, in order: each step is what
/// the disk looks like when the step is done.
struct Update {
    dir: tempfile::TempDir,
    world: World,
    steps: Vec<Vec<u8>>,
}

impl Update {
    /// The second slot is filled, then the environment's copies say so, one
    /// after the other.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let world = World::new();
        let after = fs::read(&world.disk).expect("read");
        for esp in ["esp", "esp-spare"] {
            world.environment(esp, "megh_seq=1\nmegh_order=ab\nmegh_good=a\n", "");
        }
        for partition in ["boot-b", "root-b"] {
            world.put(partition, 0, &[0; 1 << 20]);
        }
        fs::copy(&world.disk, dir.path().join("base")).expect("copied");
        let mut steps = vec![fs::read(&world.disk).expect("read")];
        let disk = Base::open(&world.disk).expect("opens");
        for partition in ["root-b", "boot-b"] {
            let place = partition_place(&disk, partition).expect("there");
            let range = place.start as usize..place.end as usize;
            world.put(partition, 0, &after[range]);
            steps.push(fs::read(&world.disk).expect("read"));
        }
        for esp in ["esp", "esp-spare"] {
            let marker = "megh_for=2\nmegh_left=3\nmegh_vain=0\n";
            world.environment(esp, "megh_seq=2\nmegh_order=ba\nmegh_good=a\n", marker);
            steps.push(fs::read(&world.disk).expect("read"));
        }
        Self { dir, world, steps }
    }

    /// The recording of an updater that flushes after each step but `careless`.
    fn recorded(&self, careless: Option<usize>) -> Recording {
        let mut log = Hand::new();
        for (index, pair) in self.steps.windows(2).enumerate() {
            let sectors = pair[0].chunks(512).zip(pair[1].chunks(512));
            for (sector, (before, after)) in sectors.enumerate() {
                if before != after {
                    log = log.data(sector as u64, after);
                }
            }
            if careless != Some(index) {
                log = log.flush();
            }
        }
        let path = log.save(self.dir.path());
        let log = WriteLog::open(&path).expect("a log");
        Recording::of(self.dir.path().join("base"), log, self.world.known.clone())
    }
}

#[test]
fn a_careful_updater_passes_every_cut() {
    let update = Update::new();
    let recording = update.recorded(None);
    let seen = examine(&recording, 1, 20, 5).expect("judged");
    assert!(seen.violations.is_empty(), "{:#?}", seen.violations);
    assert_eq!(seen.epochs, 5);
    assert_eq!(seen.disks, 4 * 42 + 1);
    assert_eq!(seen.sample.len(), 5);
}

#[test]
fn a_missing_flush_is_found_whether_forgotten_in_the_replay_or_never_made() {
    let update = Update::new();
    let place = |partition| {
        let disk = Base::open(&update.world.disk).expect("opens");
        partition_place(&disk, partition).expect("there")
    };
    for (step, partition) in ["root-b", "boot-b"].into_iter().enumerate() {
        let never_made = update.recorded(Some(step));
        let seen = examine(&never_made, 1, 20, 0).expect("judged");
        // The next flush makes good for it in this order of steps, unless the
        // environment is what it was to wait for.
        assert_eq!(
            seen.violations.is_empty(),
            partition == "root-b",
            "{partition}"
        );
        let forgotten =
            first_violation_without_flushes(&update.recorded(None), place(partition), 1);
        let (_, text) = forgotten.expect("judged").expect("found");
        assert!(text.contains("slot b"), "{text}");
    }
    let state = place("state");
    let nobody_minds = first_violation_without_flushes(&update.recorded(None), state, 1);
    assert_eq!(nobody_minds.expect("judged"), None);
}

#[test]
fn a_cut_is_made_into_the_disk_that_was_judged() {
    let update = Update::new();
    let recording = update.recorded(None);
    let target = update.dir.path().join("cut");
    let last = Cut {
        epoch: recording.end(),
        amount: Amount::Everything,
    };
    recording.write_disk(last, &target).expect("written");
    let disk = |path: &Path| fs::read(path).expect("read");
    assert!(disk(&target) == *update.steps.last().expect("steps"));
    let first = Cut {
        epoch: 0,
        amount: Amount::Nothing,
    };
    recording.write_disk(first, &target).expect("written");
    assert!(disk(&target) == update.steps[0]);
    assert_eq!(disk(&target).len() as u64 % SECTOR, 0);
}
