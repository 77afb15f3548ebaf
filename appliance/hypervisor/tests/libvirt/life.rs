//! Scenarios of defining, starting, stopping and removing.

use std::fs;

use megh_hypervisor::{
    Acceleration, DomainSpec, DomainState, GuestFirmware, Hypervisor, HypervisorError,
    LibvirtHypervisor, StopMode, remove_serial_log,
};
use uuid::Uuid;
use virt::connect::Connect;

use crate::daemon::PrivateLibvirt;
use crate::guest::{self, GREETING, eventually, wait_for};

pub(crate) fn probe(libvirt: &mut PrivateLibvirt) {
    let found = libvirt.driver().acceleration().unwrap();
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap();
    if !cpu.contains("vmx") && !cpu.contains("svm") {
        assert_eq!(found, Acceleration::Emulation, "whatever /dev/kvm pretends");
    }
    let left: Vec<_> = fs::read_dir(libvirt.path("scratch")).unwrap().collect();
    assert!(left.is_empty(), "the probe leaves no files: {left:?}");
}

pub(crate) fn whole_life(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = guest::echo(libvirt, 1);
    assert_eq!(driver.state(spec.id), Ok(None));
    driver.define(&spec).unwrap();
    assert_eq!(driver.state(spec.id), Ok(Some(DomainState::Stopped)));
    driver.start(spec.id).unwrap();
    assert_eq!(driver.state(spec.id), Ok(Some(DomainState::Running)));
    wait_for(&spec.serial_log, GREETING);
    // The guest knows nothing of ACPI.
    driver.stop(spec.id, StopMode::Graceful).unwrap();
    assert_eq!(driver.state(spec.id), Ok(Some(DomainState::Running)));
    driver.stop(spec.id, StopMode::Force).unwrap();
    assert_eq!(driver.state(spec.id), Ok(Some(DomainState::Stopped)));
    driver.start(spec.id).unwrap();
    driver.undefine(spec.id).unwrap();
    assert_eq!(driver.state(spec.id), Ok(None));
    remove_serial_log(&spec.serial_log).unwrap();
    assert!(!spec.serial_log.exists());
}

pub(crate) fn idempotent(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = guest::echo(libvirt, 2);
    assert_eq!(
        driver.start(spec.id),
        Err(HypervisorError::NotFound(spec.id))
    );
    assert_eq!(
        driver.stop(spec.id, StopMode::Force),
        Err(HypervisorError::NotFound(spec.id))
    );
    driver.undefine(spec.id).unwrap();
    for _ in 0..2 {
        driver.define(&spec).unwrap();
    }
    for mode in [StopMode::Graceful, StopMode::Force] {
        driver.stop(spec.id, mode).unwrap();
    }
    for _ in 0..2 {
        driver.start(spec.id).unwrap();
    }
    // Defining a running machine leaves it running.
    driver
        .define(&DomainSpec {
            vcpus: 2,
            ..spec.clone()
        })
        .unwrap();
    assert_eq!(driver.state(spec.id), Ok(Some(DomainState::Running)));
    for _ in 0..2 {
        driver.undefine(spec.id).unwrap();
    }
}

/// A definition made by an older QEMU keeps its machine type.
pub(crate) fn redefine(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = guest::echo(libvirt, 3);
    driver.define(&spec).unwrap();
    let connection = Connect::open(Some(&libvirt.uri())).unwrap();
    let xml = || {
        let domain = connection.lookup_domain_by_uuid(spec.id).unwrap();
        domain.xml_desc(0).unwrap()
    };
    let machine = xml()
        .split("machine='")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap()
        .to_owned();
    assert!(machine.starts_with("pc-q35-"), "{machine}");
    assert!(xml().contains("<title>guest &lt;3&gt; &amp; co</title>"));
    let older = xml().replace(&machine, "pc-q35-6.2");
    connection.define_domain_xml(&older).unwrap();
    driver
        .define(&DomainSpec {
            memory: 64 << 20,
            ..spec.clone()
        })
        .unwrap();
    assert!(xml().contains("machine='pc-q35-6.2'"));
    assert!(xml().contains("<memory unit='KiB'>65536</memory>"));
    driver.undefine(spec.id).unwrap();
}

pub(crate) fn foreign(libvirt: &mut PrivateLibvirt) {
    let id = Uuid::from_u128(4);
    let connection = Connect::open(Some(&libvirt.uri())).unwrap();
    let domain = connection
        .define_domain_xml(&format!(
            "<domain type='qemu'><name>theirs</name><uuid>{id}</uuid><memory>32768</memory>
             <os><type machine='q35'>hvm</type></os></domain>"
        ))
        .unwrap();
    let driver = libvirt.driver();
    let entries = driver.list().unwrap();
    assert!(matches!(entries[..], [entry] if entry.id == id && !entry.ours));
    let refused = Err(HypervisorError::Foreign(id));
    assert_eq!(
        driver.define(&DomainSpec {
            id,
            ..guest::empty(libvirt, 4)
        }),
        refused
    );
    assert_eq!(driver.start(id), refused);
    assert_eq!(driver.stop(id, StopMode::Force), refused);
    assert_eq!(driver.undefine(id), refused);
    assert!(matches!(
        driver.open_console(id),
        Err(HypervisorError::Foreign(_))
    ));
    assert_eq!(driver.state(id), Ok(Some(DomainState::Stopped)));
    domain.undefine().unwrap();
}

pub(crate) fn uefi(libvirt: &mut PrivateLibvirt) {
    let driver = libvirt.driver();
    let spec = DomainSpec {
        firmware: GuestFirmware::Uefi,
        memory: 128 << 20,
        ..guest::empty(libvirt, 5)
    };
    driver.define(&spec).unwrap();
    driver.start(spec.id).unwrap();
    wait_for(&spec.serial_log, "BdsDxe");
    let variables = || {
        fs::read_dir(libvirt.path("lib/qemu/nvram"))
            .unwrap()
            .count()
    };
    assert_eq!(variables(), 1);
    driver.undefine(spec.id).unwrap();
    assert_eq!(variables(), 0);
}

/// Guests survive a restart of the daemon, and so does the driver. A driver
/// that was used before and one that was not find the same.
pub(crate) fn daemon_restart(libvirt: &mut PrivateLibvirt) {
    let spec = guest::echo(libvirt, 6);
    libvirt.driver().define(&spec).unwrap();
    libvirt.driver().start(spec.id).unwrap();
    wait_for(&spec.serial_log, GREETING);
    let console = libvirt.driver().open_console(spec.id).unwrap();
    libvirt.stop_daemon();
    assert!(matches!(
        libvirt.driver().state(spec.id),
        Err(HypervisorError::Unreachable(_))
    ));
    let mut buffer = [0; 64];
    eventually("the end of the console", || {
        console.read(&mut buffer).unwrap() == 0
    });
    libvirt.start_daemon();
    let second = LibvirtHypervisor::new(libvirt.uri(), libvirt.path("scratch"));
    for driver in [libvirt.driver(), &second] {
        assert_eq!(driver.state(spec.id), Ok(Some(DomainState::Running)));
        assert!(driver.list().unwrap()[0].ours);
    }
    let console = second.open_console(spec.id).unwrap();
    console.write(b"still there?").unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"there?") {
        let count = console.read(&mut buffer).unwrap();
        assert!(count > 0, "{seen:?}");
        seen.extend_from_slice(&buffer[..count]);
    }
    second.undefine(spec.id).unwrap();
}
