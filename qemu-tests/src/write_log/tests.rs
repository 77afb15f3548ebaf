use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use megh_host::command::Cmd;

use super::testing::Hand;
use super::*;

const S: usize = SECTOR as usize;

/// The first byte of each sector.
fn marks(disk: &impl ReadAt) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(disk.size()).expect("small")];
    disk.read_at(0, &mut bytes).expect("read");
    bytes.chunks(S).map(|sector| sector[0]).collect()
}

fn base(dir: &Path, sectors: u64) -> Base {
    let path = dir.join("base");
    fs::write(
        &path,
        vec![b'.'; S * usize::try_from(sectors).expect("small")],
    )
    .expect("written");
    Base::open(&path).expect("opens")
}

fn disks(
    replay: &Replay,
    from: usize,
    mut extents: impl FnMut(&Epoch<'_>) -> Extents,
) -> Vec<String> {
    let mut seen = Vec::new();
    replay
        .walk(from, |epoch| {
            let above = extents(epoch);
            seen.push(String::from_utf8(marks(&epoch.promised.with(&above))).expect("letters"));
            Ok::<_, Infallible>(())
        })
        .expect("never fails");
    seen
}

#[test]
fn what_was_flushed_is_there_and_what_was_not_may_be() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = Hand::new()
        .write(0, b"ab")
        .flush()
        .write(1, b"c")
        .write(3, b"d")
        .flush()
        .write(0, b"e")
        .save(dir.path());
    let log = WriteLog::open(&path).expect("a log");
    let replay = Replay::new(log, base(dir.path(), 4));
    assert_eq!(
        disks(&replay, 0, |epoch| epoch.nothing()),
        ["....", "ab..", "ac.d"]
    );
    assert_eq!(
        disks(&replay, 0, |epoch| epoch.everything()),
        ["ab..", "ac.d", "ec.d"]
    );
    assert_eq!(
        disks(&replay, 3, |epoch| epoch.everything()),
        ["ac.d", "ec.d"]
    );
    let mut draws = fastrand::Rng::with_seed(1);
    let mut seen = BTreeSet::new();
    for _ in 0..64 {
        seen.insert(disks(&replay, 0, |epoch| epoch.subset(&mut draws, Tear::Whole))[1].clone());
    }
    let all: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(all, ["ab..", "ab.d", "ac..", "ac.d"]);
}

#[test]
fn torn_writes_arrive_sector_by_sector_with_their_own_content() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = Hand::new().write(1, b"xyz").save(dir.path());
    let replay = Replay::new(WriteLog::open(&path).expect("a log"), base(dir.path(), 5));
    let mut draws = fastrand::Rng::with_seed(2);
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        seen.insert(disks(&replay, 0, |epoch| epoch.subset(&mut draws, Tear::BySector))[0].clone());
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
    assert!(seen.contains(".x.z.") && seen.contains("..y.."), "{seen:?}");
}

#[test]
fn a_forgotten_flush_promises_nothing_until_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = Hand::new()
        .write(0, b"a")
        .flush()
        .write(1, b"b")
        .flush()
        .save(dir.path());
    let log = WriteLog::open(&path).expect("a log");
    let replay = Replay::new(log, base(dir.path(), 2)).without_flushes_of(0..SECTOR);
    assert_eq!(
        disks(&replay, 0, |epoch| epoch.nothing()),
        ["..", "..", ".b"]
    );
    assert_eq!(
        disks(&replay, 0, |epoch| epoch.everything()),
        ["a.", "ab", "ab"]
    );
}

#[test]
fn discarded_sectors_are_empty_and_later_writes_win() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = Hand::new()
        .write(0, b"abcd")
        .discard(1, 2)
        .write(2, b"e")
        .flush()
        .save(dir.path());
    let replay = Replay::new(WriteLog::open(&path).expect("a log"), base(dir.path(), 4));
    assert_eq!(disks(&replay, 4, |epoch| epoch.nothing()), ["a\0ed"]);
}

#[test]
fn fingerprints_change_with_what_lies_there_and_with_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = Hand::new()
        .write(0, b"a")
        .flush()
        .write(2, b"b")
        .flush()
        .save(dir.path());
    let replay = Replay::new(WriteLog::open(&path).expect("a log"), base(dir.path(), 4));
    let mut seen = Vec::new();
    replay
        .walk(0, |epoch| {
            let none = Extents::default();
            let disk = epoch.promised.with(&none);
            seen.push((
                disk.fingerprint(0..2 * SECTOR),
                disk.fingerprint(2 * SECTOR..4 * SECTOR),
            ));
            Ok::<_, Infallible>(())
        })
        .expect("never fails");
    assert_ne!(seen[0].0, seen[1].0);
    assert_eq!(seen[1].0, seen[2].0);
    assert_eq!(seen[0].1, seen[1].1);
    assert_ne!(seen[1].1, seen[2].1);
}

#[test]
fn what_is_no_log_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("log");
    for bytes in [
        vec![],
        vec![0; 4096],
        b"# GRUB Environment Block".repeat(40),
    ] {
        fs::write(&path, bytes).expect("written");
        assert!(WriteLog::open(&path).is_err());
    }
    let whole = Hand::new().write(0, b"ab").save(dir.path());
    let bytes = fs::read(&whole).expect("read");
    fs::write(&whole, &bytes[..bytes.len() - 1]).expect("written");
    assert!(WriteLog::open(&whole).is_err(), "the data is cut off");
}

#[test]
fn qemu_itself_writes_what_this_reads() {
    let dir = tempfile::tempdir().expect("a folder");
    let (disk, log) = (dir.path().join("disk"), dir.path().join("log"));
    fs::write(&disk, vec![b'.'; 64 * S]).expect("written");
    fs::copy(&disk, dir.path().join("base")).expect("copied");
    fs::write(&log, "").expect("written");
    let node = serde_json::json!({
        "driver": "blklogwrites",
        "file": { "driver": "raw", "file": { "driver": "file", "filename": disk } },
        "log": { "driver": "file", "filename": log },
    });
    Cmd::new("qemu-io")
        .args(["-c", "write -P 0x61 0 4k", "-c", "flush"])
        .args(["-c", "write -P 0x62 1k 512", "-c", "flush"])
        .arg(format!("json:{node}"))
        .run()
        .expect("qemu-io runs");
    let log = WriteLog::open(&log).expect("a log");
    let writes = log
        .entries()
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::Write { .. }))
        .count();
    assert_eq!(writes, 2, "{:?}", log.entries());
    let replay = Replay::new(log, Base::open(&dir.path().join("base")).expect("opens"));
    let last = disks(&replay, 0, |epoch| epoch.everything())
        .pop()
        .expect("an end");
    assert!(last.starts_with("aabaaaaa."), "{last}");
    assert_eq!(last.as_bytes(), marks(&Base::open(&disk).expect("opens")));
}
