use std::fs;

use megh_host::fake::FakeMachine;
use megh_host::net::Address;
use megh_model::console::ConsoleStatus;
use megh_model::slot::Slot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::facts::{Control, Facts, Sources};
use super::state::{Action, View};
use super::{draw, plain, rollback};
use crate::tui::state::Input;
use crate::tui::terminal::Style;
use megh_model::update::{
    GateCheck, LastTrial, SlotState, SlotStatus, StatusReport, TrialOutcome, TrialState,
};

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
        update: None,
    }
}

fn screen(facts: &Facts, style: Style) -> String {
    shown(&View::Status, facts, style)
}

fn shown(view: &View, facts: &Facts, style: Style) -> String {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal
        .draw(|frame| draw::draw(view, facts, style, frame))
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
        update: at("update.json"),
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

/// Slot A runs 1.0.0, slot B holds 1.1.0.
fn report(state: SlotState) -> StatusReport {
    let slot = |slot, state, version: &str, running| SlotStatus {
        slot,
        state,
        version: Some(version.to_owned()),
        running,
        next: running,
    };
    StatusReport {
        version: "0.1.0".to_owned(),
        slots: vec![
            slot(Slot::A, SlotState::Good, "0.1.0", true),
            slot(Slot::B, state, "0.2.0", false),
        ],
        staged: None,
        trial: None,
        last_trial: None,
        check: None,
        progress: None,
        settings: Default::default(),
        floor: None,
        problems: Vec::new(),
    }
}

fn failed() -> LastTrial {
    LastTrial {
        version: "0.2.0".to_owned(),
        from_version: "0.1.0".to_owned(),
        outcome: TrialOutcome::Failed,
        reason: "the check `hypervisor` did not pass within 300 s: libvirt’s socket does not answer, \
                 and neither does anything else that this machine could have been asked for meanwhile"
            .to_owned(),
        at: 0,
        checks: Vec::new(),
        journal: true,
        data: None,
    }
}

#[test]
fn a_failed_update_is_told_with_its_reason_and_fits() {
    let mut facts = facts(Some("ABCDE-23456"));
    facts.addresses = vec![facts.addresses[0].clone(); 6];
    let mut report = report(SlotState::Failed);
    report.last_trial = Some(failed());
    report.problems = vec!["the spare boot environment is damaged".to_owned()];
    facts.update = Some(report);
    let shown = screen(&facts, Style::Ascii);
    assert!(shown.is_ascii() && shown.contains("mended"), "{shown}");
    crate::tui::snapshot::check("console-update-failed", &shown);
    let block = plain::block(&facts);
    let line = block.lines().last().unwrap();
    assert!(
        line.starts_with("Last update: 0.2.0 failed: the check"),
        "{block}"
    );
}

#[test]
fn a_trial_says_what_it_waits_for() {
    let mut facts = facts(None);
    let mut report = report(SlotState::Good);
    let check = |name: &str, passed| GateCheck {
        name: name.to_owned(),
        passed,
        detail: String::new(),
        deadline: 300,
    };
    report.trial = Some(TrialState {
        version: "0.1.0".to_owned(),
        attempt: 2,
        checks: vec![check("store", true), check("instances", false)],
    });
    facts.update = Some(report);
    crate::tui::snapshot::check("console-trial", &screen(&facts, Style::Ascii));
}

fn typed(mut view: View, text: &str, facts: &Facts) -> View {
    for character in text.chars() {
        view = view.on(&Input::Character(character), facts).0;
    }
    view
}

#[test]
fn going_back_takes_the_words_and_a_version_to_go_back_to() {
    let mut facts = facts(None);
    assert_eq!(typed(View::Status, "r", &facts), View::Status);
    facts.update = Some(report(SlotState::Failed));
    assert_eq!(typed(View::Status, "r", &facts), View::Status);
    facts.update = Some(report(SlotState::Good));

    let asked = typed(View::Status, "rroll", &facts);
    crate::tui::snapshot::check("console-roll-back", &shown(&asked, &facts, Style::Ascii));
    let (view, action) = asked.clone().on(&Input::Enter, &facts);
    assert_eq!((view, action), (View::Ask(String::new()), None));
    assert_eq!(asked.clone().on(&Input::Back, &facts), (View::Status, None));
    let (view, action) = typed(asked, " back", &facts).on(&Input::Enter, &facts);
    assert_eq!((&view, action), (&View::GoingBack, Some(Action::RollBack)));
    // What is typed while it works does nothing.
    assert_eq!(view.on(&Input::Back, &facts), (View::GoingBack, None));
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_updater() {
    let machine = FakeMachine::new();
    assert_eq!(rollback::roll_back(&machine), Ok(()));
    let machine = FakeMachine::failing_at(0);
    let reason = rollback::roll_back(&machine).unwrap_err();
    let facts = facts(None);
    let shown = shown(&View::Refused(format!("{reason}\n…")), &facts, Style::Ascii);
    assert!(
        shown.contains("stays as it is") && shown.is_ascii(),
        "{shown}"
    );
    let refused = View::Refused(reason);
    assert_eq!(refused.on(&Input::Enter, &facts), (View::Status, None));
}
