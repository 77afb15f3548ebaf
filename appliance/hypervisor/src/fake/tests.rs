use std::path::PathBuf;
use std::thread;

use uuid::Uuid;

use super::{Call, FakeHypervisor, Moment};
use crate::{
    Console, DiskSource, DomainSpec, DomainState, GuestFirmware, Hypervisor, HypervisorError,
    StopMode,
};

fn spec() -> DomainSpec {
    DomainSpec {
        id: Uuid::from_u128(7),
        name: "web-1".into(),
        vcpus: 1,
        memory: 64 << 20,
        disk: DiskSource::Block("/dev/pool/vol".into()),
        firmware: GuestFirmware::Bios,
        serial_log: PathBuf::from("/nonexistent/serial.log"),
    }
}

fn running() -> FakeHypervisor {
    let engine = FakeHypervisor::new();
    engine.define(&spec()).unwrap();
    engine.start(spec().id).unwrap();
    engine
}

#[test]
fn a_clone_sees_the_same_world() {
    let engine = running();
    let second_run = engine.clone();
    drop(engine);
    assert_eq!(second_run.state(spec().id), Ok(Some(DomainState::Running)));
}

#[test]
fn a_lost_answer_leaves_the_effect_and_a_retry_succeeds() {
    let engine = FakeHypervisor::new();
    engine.fail(Call::Define, 1, Moment::After);
    engine.fail(Call::Start, 2, Moment::Before);
    assert!(engine.define(&spec()).is_err());
    assert_eq!(engine.definition(spec().id), Some(spec()));
    engine.define(&spec()).unwrap();
    engine.start(spec().id).unwrap();
    engine.stop(spec().id, StopMode::Force).unwrap();
    assert!(matches!(
        engine.start(spec().id),
        Err(HypervisorError::Unreachable(_))
    ));
    assert_eq!(engine.state(spec().id), Ok(Some(DomainState::Stopped)));
}

#[test]
fn foreign_machines_are_listed_and_left_alone() {
    let engine = FakeHypervisor::new();
    let id = Uuid::from_u128(9);
    engine.add_foreign(id);
    assert!(!engine.list().unwrap()[0].ours);
    assert_eq!(engine.undefine(id), Err(HypervisorError::Foreign(id)));
    assert_eq!(
        engine.stop(id, StopMode::Force),
        Err(HypervisorError::Foreign(id))
    );
}

fn read_string(console: &dyn Console) -> String {
    let mut buffer = [0; 64];
    let count = console.read(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..count]).into_owned()
}

#[test]
fn the_console_carries_both_ways_and_ends_with_the_guest() {
    let engine = running();
    let console = engine.open_console(spec().id).unwrap();
    engine.guest_prints(spec().id, b"hello");
    assert_eq!(read_string(&*console), "hello");
    console.write(b"ls\n").unwrap();
    assert_eq!(engine.guest_input(spec().id), b"ls\n");
    assert_eq!(read_string(&*console), "ls\n");
    engine.stop(spec().id, StopMode::Graceful).unwrap();
    assert_eq!(read_string(&*console), "");
    assert!(matches!(
        engine.open_console(spec().id),
        Err(HypervisorError::NotRunning(_))
    ));
}

#[test]
fn close_wakes_a_blocked_reader() {
    let engine = running();
    let console = engine.open_console(spec().id).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| read_string(&*console));
        console.close();
        assert_eq!(reader.join().unwrap(), "");
    });
}

#[test]
fn a_second_console_takes_over() {
    let engine = running();
    let first = engine.open_console(spec().id).unwrap();
    let second = engine.open_console(spec().id).unwrap();
    engine.guest_prints(spec().id, b"x");
    assert_eq!(read_string(&*first), "");
    assert_eq!(read_string(&*second), "x");
}
