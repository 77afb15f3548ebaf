use std::path::Path;

use uuid::Uuid;

use super::{Platform, canonical_machine, domain_xml, machine_of, probe_xml};
use crate::{Acceleration, DiskSource, DomainSpec, GuestFirmware};

fn spec() -> DomainSpec {
    DomainSpec {
        id: Uuid::from_u128(0x0197_a1b2_c3d4_7000_8000_0000_0000_0001),
        name: "web-1".into(),
        vcpus: 2,
        memory: 512 << 20,
        disk: DiskSource::Block("/dev/megh-0badcafe/vol-1".into()),
        firmware: GuestFirmware::Uefi,
        serial_log: "/var/lib/meghos-pool/serial/1.log".into(),
    }
}

fn platform(acceleration: Acceleration) -> Platform {
    Platform {
        acceleration,
        machine: "pc-q35-10.0".into(),
    }
}

/// Compares with a file in `snapshots`; `MEGH_UPDATE_SNAPSHOTS=1` writes it instead.
fn assert_snapshot(name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/xml/snapshots")
        .join(name);
    if std::env::var_os("MEGH_UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(actual, expected, "{name} has changed");
}

#[test]
fn a_uefi_guest_on_kvm_with_a_block_device() {
    let xml = domain_xml(&spec(), &platform(Acceleration::Kvm));
    assert_snapshot("uefi-kvm-block.xml", &xml);
}

#[test]
fn a_bios_guest_in_emulation_with_a_file() {
    let disk = DiskSource::Qcow2("/pool/volumes/1/disk.qcow2".into());
    let spec = DomainSpec {
        firmware: GuestFirmware::Bios,
        disk,
        ..spec()
    };
    let xml = domain_xml(&spec, &platform(Acceleration::Emulation));
    assert_snapshot("bios-emulation-qcow2.xml", &xml);
}

#[test]
fn the_probe() {
    let id = Uuid::from_u128(1);
    let xml = probe_xml(
        id,
        Acceleration::Kvm,
        "pc-q35-10.0",
        "/run/p.img".as_ref(),
        "/run/p.out".as_ref(),
    );
    assert_snapshot("probe-kvm.xml", &xml);
}

#[test]
fn no_text_escapes_from_its_place() {
    let evil = "a'/><x y=\"&\u{0}\u{7}\n]]>\u{ffff}";
    let spec = DomainSpec {
        name: evil.into(),
        serial_log: evil.into(),
        disk: DiskSource::Qcow2(evil.into()),
        ..spec()
    };
    let xml = domain_xml(&spec, &platform(Acceleration::Kvm));
    let expected = "a'/><x y=\"&\u{fffd}\u{fffd}\n]]>\u{fffd}";
    let document = roxmltree::Document::parse(&xml).unwrap();
    let find = |name| {
        document
            .descendants()
            .find(|node| node.has_tag_name(name))
            .unwrap()
    };
    assert_eq!(find("title").text(), Some(expected));
    assert_eq!(find("log").attribute("file"), Some(expected));
    assert_eq!(find("source").attribute("file"), Some(expected));
    assert!(!document.descendants().any(|node| node.has_tag_name("x")));
}

#[test]
fn machine_types_are_read_back() {
    let xml = domain_xml(&spec(), &platform(Acceleration::Kvm));
    assert_eq!(machine_of(&xml).as_deref(), Some("pc-q35-10.0"));
    let capabilities = "<domainCapabilities><machine>pc-q35-7.2</machine></domainCapabilities>";
    assert_eq!(
        canonical_machine(capabilities).as_deref(),
        Some("pc-q35-7.2")
    );
    assert_eq!(canonical_machine("<domainCapabilities/>"), None);
    assert_eq!(machine_of("no xml"), None);
}
