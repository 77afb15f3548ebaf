use std::fs;

use uuid::Uuid;

use super::{Replay, open_console_with_history, remove_serial_log};
use crate::fake::FakeHypervisor;
use crate::{DiskSource, DomainSpec, GuestFirmware, Hypervisor, StopMode};

#[test]
fn what_came_twice_is_said_once() {
    for (history, doubtful, live, repeated) in [
        ("boot\nlogin:", 0, "login:", 0),
        ("boot\nlogin:", 6, "login: x", 6),
        ("boot\nlogin:", 6, "gin: x", 4),
        ("boot\nlogin:", 6, "other", 0),
        ("aab", 3, "ab", 2),
        ("", 0, "x", 0),
    ] {
        let mut replay = Replay::new(history.into(), doubtful);
        assert_eq!(
            replay.repeated(live.as_bytes()),
            repeated,
            "{history:?} {live:?}"
        );
        assert_eq!(
            replay.repeated(live.as_bytes()),
            0,
            "only the first output overlaps"
        );
    }
}

#[test]
fn an_overlap_may_come_in_pieces() {
    let mut replay = Replay::new("abcdef".into(), 6);
    assert_eq!(replay.repeated(b"cd"), 2);
    assert_eq!(replay.repeated(b"efgh"), 2);
    assert_eq!(replay.repeated(b"ef"), 0);
}

#[test]
fn history_comes_first_then_the_guest() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("serial.log");
    let engine = FakeHypervisor::new();
    let id = Uuid::from_u128(3);
    engine.set_greeting(b"hello from before\n");
    let spec = DomainSpec {
        id,
        name: "web".into(),
        vcpus: 1,
        memory: 16 << 20,
        disk: DiskSource::Block("/dev/x".into()),
        firmware: GuestFirmware::Bios,
        serial_log: log.clone(),
    };
    engine.define(&spec).unwrap();
    engine.start(id).unwrap();
    let console = open_console_with_history(&engine, id, &log, 12).unwrap();
    engine.guest_prints(id, b"live");
    engine.stop(id, StopMode::Graceful).unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 5];
    loop {
        match console.read(&mut buffer).unwrap() {
            0 => break,
            count => seen.extend_from_slice(&buffer[..count]),
        }
    }
    assert_eq!(String::from_utf8_lossy(&seen), "from before\nlive");
}

#[test]
fn a_log_goes_with_its_rotated_parts_only() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("1.log");
    for name in ["1.log", "1.log.0", "1.log.12", "1.log.old", "11.log"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    remove_serial_log(&log).unwrap();
    remove_serial_log(&log).unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["1.log.old", "11.log"]);
    remove_serial_log(&folder.path().join("absent/1.log")).unwrap();
}
