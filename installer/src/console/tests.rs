use std::fs;

use megh_host::net::Address;
use megh_model::console::ConsoleStatus;
use megh_model::slot::Slot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::facts::{Control, Facts, Sources};
use super::{draw, plain};
use crate::tui::terminal::Style;

fn fingerprint() -> String {
    (0..32)
        .map(|n| format!("{:02x}", n * 7))
        .collect::<Vec<_>>()
        .join(":")
}

fn facts(claim_code: Option<&str>) -> Facts {
    let address = |interface: &str, ip: &str| Address {
        interface: interface.into(),
        ip: ip.parse().unwrap(),
    };
    Facts {
        product: "MeghOS".into(),
        version: "0.1.0".into(),
        host_name: "node-1".into(),
        slot: Some(Slot::A),
        addresses: vec![
            address("eth0", "10.0.2.15"),
            address("eth0", "2001:db8::15"),
        ],
        cards: vec!["eth0".into()],
        control: Control::Running(ConsoleStatus {
            port: 443,
            fingerprint: fingerprint(),
            claim_code: claim_code.map(str::to_owned),
        }),
    }
}

fn screen(facts: &Facts, style: Style) -> String {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal
        .draw(|frame| draw::draw(facts, style, frame))
        .unwrap();
    let buffer = terminal.backend().buffer().clone();
    let rows = buffer.content.chunks(80);
    rows.map(|row| {
        row.iter()
            .map(|cell| cell.symbol())
            .collect::<String>()
            .trim_end()
            .to_owned()
            + "\n"
    })
    .collect()
}

#[test]
fn the_plain_block_can_be_read_by_programs() {
    let expected = format!(
        "MeghOS 0.1.0\nURL: https://10.0.2.15/\nURL: https://[2001:db8::15]/\nFingerprint: {}\n\
         Claim code: ABCDE-23456\nSlot: a\n",
        fingerprint()
    );
    assert_eq!(plain::block(&facts(Some("ABCDE-23456"))), expected);
    assert!(!plain::block(&facts(None)).contains("Claim"));
}

#[test]
fn the_plain_block_promises_nothing_that_is_not_there() {
    let mut facts = facts(None);
    facts.addresses.clear();
    assert_eq!(
        plain::block(&facts),
        "MeghOS 0.1.0 has no network address: waiting for DHCP on eth0.\n"
    );
    facts.cards.clear();
    assert!(plain::block(&facts).contains("no network card was found"));
    facts.control = Control::Starting;
    assert_eq!(plain::block(&facts), "MeghOS 0.1.0 is starting.\n");
    facts.control = Control::Dead;
    assert!(plain::block(&facts).contains("does not run"));
}

#[test]
fn the_unclaimed_screen_fits_a_serial_terminal() {
    crate::tui::snapshot::check(
        "console-unclaimed",
        &screen(&facts(Some("ABCDE-23456")), Style::Ascii),
    );
}

#[test]
fn the_claimed_screen_shows_no_code() {
    let shown = screen(&facts(None), Style::Graphic);
    assert!(
        shown.contains("This machine is claimed.") && !shown.contains("code"),
        "{shown}"
    );
}

#[test]
fn a_dead_control_plane_is_said_and_the_rest_stays() {
    let mut facts = facts(None);
    facts.control = Control::Dead;
    crate::tui::snapshot::check("console-dead", &screen(&facts, Style::Graphic));
}

#[test]
fn facts_come_from_files_and_absent_files_are_no_trouble() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let sources = Sources {
        os_release: at("os-release"),
        boot_record: at("boot.json"),
        status: at("console.json"),
        processes: at("cgroup.procs"),
        host_name: at("hostname"),
        cards: at("net"),
    };
    let empty = sources.read();
    assert_eq!(
        (empty.version.as_str(), empty.slot, &empty.control),
        ("", None, &Control::Starting)
    );

    fs::write(
        at("os-release"),
        "ID=meghos\nNAME=MeghOS\nVERSION_ID=\"1.2.3\"\n",
    )
    .unwrap();
    fs::write(at("hostname"), "node-1\n").unwrap();
    let source = r#"{"kind":"disk","slot":"b","disk":"vda","boot_partition":"00000000-0000-4000-8000-000000000001"}"#;
    let hash = "0".repeat(64);
    fs::write(
        at("boot.json"),
        format!(r#"{{"firmware":"uefi","source":{source},"root_hash":"{hash}"}}"#),
    )
    .unwrap();
    fs::write(
        at("console.json"),
        r#"{"port":8443,"fingerprint":"aa","claim_code":null}"#,
    )
    .unwrap();
    let dead = sources.read();
    assert_eq!(
        (dead.version.as_str(), dead.slot, &dead.control),
        ("1.2.3", Some(Slot::B), &Control::Dead)
    );

    fs::write(at("cgroup.procs"), "123\n").unwrap();
    let mut running = sources.read();
    running.addresses = facts(None).addresses;
    assert_eq!(running.urls()[0], "https://10.0.2.15:8443/");
}
