//! Scenarios of the serial console.

use std::thread;
use std::time::{Duration, Instant};

use megh_hypervisor::{Console, Hypervisor, HypervisorError, StopMode};

use crate::daemon::PrivateLibvirt;
use crate::guest::{self, GREETING, wait_for};

/// Reads until the text was seen; panics when the console ends before.
fn read_until(console: &dyn Console, text: &str) -> String {
    let mut seen = String::new();
    let mut buffer = [0; 1024];
    while !seen.contains(text) {
        let count = console.read(&mut buffer).unwrap();
        assert!(count > 0, "the console ended after {seen:?}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    seen
}

/// Reads to the end.
fn drain(console: &dyn Console) {
    let mut buffer = [0; 1024];
    while console.read(&mut buffer).unwrap() > 0 {}
}

pub(crate) fn both_ways(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = guest::echo(libvirt, 10);
    driver.define(&spec).unwrap();
    assert!(matches!(
        driver.open_console(spec.id),
        Err(HypervisorError::NotRunning(_))
    ));
    driver.start(spec.id).unwrap();
    wait_for(&spec.serial_log, GREETING);
    let console = driver.open_console(spec.id).unwrap();
    for round in 0..5 {
        let text = format!("round {round} of typing;");
        console.write(text.as_bytes()).unwrap();
        read_until(&*console, &text);
    }
    driver.stop(spec.id, StopMode::Force).unwrap();
    drain(&*console);
    assert!(console.write(b"anybody?").is_err());
    driver.undefine(spec.id).unwrap();
}

pub(crate) fn close_wakes(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = guest::echo(libvirt, 11);
    driver.define(&spec).unwrap();
    driver.start(spec.id).unwrap();
    wait_for(&spec.serial_log, GREETING);
    let console = driver.open_console(spec.id).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| drain(&*console));
        thread::sleep(Duration::from_millis(100));
        assert!(!reader.is_finished(), "nothing to read, so it waits");
        let started = Instant::now();
        console.close();
        reader.join().unwrap();
        assert!(started.elapsed() < Duration::from_secs(20));
    });
    drop(console);
    // A console that was closed in the middle does not keep the next one out.
    let console = driver.open_console(spec.id).unwrap();
    console.write(b"again").unwrap();
    read_until(&*console, "again");
    driver.undefine(spec.id).unwrap();
}

pub(crate) fn take_over(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = guest::echo(libvirt, 12);
    driver.define(&spec).unwrap();
    driver.start(spec.id).unwrap();
    wait_for(&spec.serial_log, GREETING);
    let first = driver.open_console(spec.id).unwrap();
    let second = driver.open_console(spec.id).unwrap();
    drain(&*first);
    second.write(b"mine").unwrap();
    read_until(&*second, "mine");
    driver.undefine(spec.id).unwrap();
}

/// Nobody reads what the guest prints without end; nothing else suffers.
pub(crate) fn flood(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = guest::flood(libvirt, 14);
    driver.define(&spec).unwrap();
    driver.start(spec.id).unwrap();
    let console = driver.open_console(spec.id).unwrap();
    read_until(&*console, "xxxx");
    thread::sleep(Duration::from_secs(1));
    let started = Instant::now();
    for _ in 0..20 {
        driver.state(spec.id).unwrap();
    }
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
    driver.stop(spec.id, StopMode::Force).unwrap();
    drain(&*console);
    driver.undefine(spec.id).unwrap();
}
