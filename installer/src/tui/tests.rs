//! The dialogue, played as a person would, and its screens.

use megh_model::boot::Firmware;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::state::{Action, Input, State};
use super::*;
use crate::candidates::judge;
use crate::progress::Phase;
use crate::testing::{World, disk};

fn screen(state: &State, style: Style) -> String {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal
        .draw(|frame| draw::draw(state, style, frame))
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

fn found_in(setup_mode: bool) -> Input {
    let mut stick = disk("sda");
    stick.model = Some("Ultra Fit".into());
    stick.serial = Some("4C530001".into());
    stick.boot_medium = true;
    stick.contents = "ISO image \"MEGHOS\" 600 MiB".into();
    let mut old = disk("nvme0n1");
    old.model = Some("Samsung SSD 980 1TB".into());
    old.contents =
        "FAT \"EFI\" 512 MiB, Windows (NTFS) \"a very long label indeed\" 930 GiB, ext4 1 GiB"
            .into();
    let mut unnamed = disk("vda");
    unnamed.serial = None;
    let candidates = judge(vec![stick, old, unnamed], Firmware::Uefi);
    Input::Found(Ok(Found {
        version: "0.1.0".into(),
        candidates,
        setup_mode,
    }))
}

fn found() -> Input {
    found_in(false)
}

fn at_disks() -> State {
    let mut state = State::looking();
    assert_eq!(state.update(found()), None);
    state
}

fn choose_disk(state: &mut State) {
    let world = World::new();
    let plan = world.plan(&world.release());
    assert_eq!(
        state.update(Input::Enter),
        Some(Action::Plan("nvme0n1".into()))
    );
    state.update(Input::Planned(Ok(Box::new(plan))));
}

fn at_confirm() -> State {
    let mut state = at_disks();
    choose_disk(&mut state);
    state
}

/// The same on a machine whose firmware is in setup mode.
fn at_enrol() -> State {
    let mut state = State::looking();
    state.update(found_in(true));
    choose_disk(&mut state);
    state
}

fn type_text(state: &mut State, text: &str) -> Option<Action> {
    for character in text.chars() {
        assert_eq!(state.update(Input::Character(character)), None);
    }
    state.update(Input::Enter)
}

fn progress(phase: Phase) -> Input {
    Input::Event(Event::Progress {
        phase,
        bytes: 600 << 20,
        total: 1 << 30,
        rate: 40 << 20,
        eta: Some(11),
    })
}

#[test]
fn the_first_usable_disk_is_marked_and_a_refused_one_says_why() {
    let mut state = at_disks();
    snapshot::check("disks", &screen(&state, Style::Graphic));
    state.update(Input::Up);
    assert_eq!(state.update(Input::Enter), None);
    snapshot::check("disks-refused", &screen(&state, Style::Ascii));
}

#[test]
fn no_disk_is_said() {
    let mut state = State::looking();
    state.update(Input::Found(Ok(Found {
        version: "0.1.0".into(),
        candidates: Vec::new(),
        setup_mode: false,
    })));
    assert!(screen(&state, Style::Ascii).contains("No disk was found."));
    assert_eq!(state.update(Input::Enter), None);
    assert_eq!(state.update(Input::Character('r')), Some(Action::Look));
}

#[test]
fn only_the_right_characters_erase_a_disk() {
    let mut state = at_confirm();
    snapshot::check("confirm", &screen(&state, Style::Graphic));
    for wrong in ["", "yes", "TES1"] {
        assert_eq!(type_text(&mut state, wrong), None, "{wrong}");
        assert!(screen(&state, Style::Ascii).contains("That is not it"));
    }
    let action = type_text(&mut state, "est1");
    assert!(matches!(action, Some(Action::Install(plan)) if plan.confirmation == "EST1"));
}

#[test]
fn a_typing_mistake_can_be_taken_back_and_escape_goes_back() {
    let mut state = at_confirm();
    type_text(&mut state, "E");
    let mut state_back = at_confirm();
    state_back.update(Input::Back);
    assert!(matches!(state_back, State::Disks(_)));
    state.update(Input::Character('X'));
    state.update(Input::Erase);
    assert!(type_text(&mut state, "EST1").is_some());
}

#[test]
fn firmware_in_setup_mode_gets_keys_only_when_a_person_says_so() {
    for (answer, enrolled) in [
        (None, false),
        (Some(Input::Down), true),
        (Some(Input::Character('y')), true),
        (Some(Input::Character('n')), false),
    ] {
        let mut state = at_enrol();
        assert!(matches!(&state, State::Enrol(enrol) if !enrol.is_yes()));
        if let Some(input) = answer {
            state.update(input);
        }
        state.update(Input::Enter);
        let asked = screen(&state, Style::Ascii).contains("Secure Boot keys");
        let action = type_text(&mut state, "EST1");
        assert!(
            matches!(action, Some(Action::Install(plan)) if plan.enrol_secure_boot == enrolled)
        );
        assert_eq!(asked, enrolled, "what is confirmed is what is done");
    }
}

#[test]
fn the_answer_about_keys_is_kept_on_going_back() {
    let mut state = at_enrol();
    snapshot::check("enrol", &screen(&state, Style::Ascii));
    state.update(Input::Down);
    state.update(Input::Enter);
    snapshot::check("confirm-enrol", &screen(&state, Style::Graphic));
    state.update(Input::Back);
    snapshot::check("enrol-yes", &screen(&state, Style::Graphic));
    state.update(Input::Back);
    assert!(matches!(state, State::Disks(_)));
    choose_disk(&mut state);
    assert!(matches!(&state, State::Enrol(enrol) if enrol.is_yes()));
    state.update(Input::Up);
    state.update(Input::Enter);
    assert!(matches!(&state, State::Confirm(confirm) if !confirm.plan.enrol_secure_boot));
}

#[test]
fn what_went_wrong_beside_the_installation_is_still_said_at_its_end() {
    let mut state = at_confirm();
    type_text(&mut state, "EST1");
    state.update(Input::Event(Event::Warning {
        message: "Secure Boot keys were not enrolled: the firmware does not answer".into(),
    }));
    state.update(Input::Event(Event::Done {
        version: "0.1.0".into(),
        seconds: 75,
    }));
    snapshot::check("done-with-a-note", &screen(&state, Style::Ascii));
}

#[test]
fn progress_shows_phase_bytes_and_time_left() {
    let mut state = at_confirm();
    type_text(&mut state, "EST1");
    state.update(progress(Phase::System));
    snapshot::check("running", &screen(&state, Style::Ascii));
    state.update(Input::Event(Event::Done {
        version: "0.1.0".into(),
        seconds: 75,
    }));
    snapshot::check("done", &screen(&state, Style::Ascii));
    assert_eq!(state.update(Input::Enter), Some(Action::Restart));
    assert_eq!(state.update(Input::Character('p')), Some(Action::PowerOff));
}

#[test]
fn a_failure_says_what_became_of_the_disk() {
    for (phase, expected) in [
        (Phase::Verify, "Nothing was written to the disk."),
        (Phase::State, "The disk was wiped and does not start."),
    ] {
        let mut state = at_confirm();
        type_text(&mut state, "EST1");
        state.update(progress(phase));
        state.update(Input::Event(Event::Failed {
            reason: "part root (root.img) is damaged".into(),
        }));
        let shown = screen(&state, Style::Ascii);
        assert!(
            shown.contains(expected) && shown.contains("part root (root.img) is damaged"),
            "{shown}"
        );
        assert_eq!(state.update(Input::Enter), Some(Action::Look));
    }
}

#[test]
fn a_bad_release_is_a_failure_without_a_choice() {
    let mut state = State::looking();
    state.update(Input::Found(Err(Trouble {
        reason: "the release is refused".into(),
        age: false,
    })));
    assert!(screen(&state, Style::Ascii).contains("the release is refused"));
    assert_eq!(state.update(Input::Character('a')), None);
}

#[test]
fn an_old_release_is_taken_only_when_a_person_says_so() {
    let mut state = State::looking();
    state.update(Input::Found(Err(Trouble {
        reason: "the release is refused: the channel's index is refused: it expired 90 days ago"
            .into(),
        age: true,
    })));
    snapshot::check("old", &screen(&state, Style::Ascii));
    assert_eq!(state.update(Input::Character('a')), Some(Action::AcceptAge));
    assert_eq!(state.update(found()), None);
    assert!(matches!(state, State::Disks(_)));
}

#[test]
fn serial_terminals_get_letters_for_lines() {
    for (term, style) in [
        ("vt102", Style::Ascii),
        ("", Style::Ascii),
        ("linux", Style::Graphic),
        ("xterm-256color", Style::Graphic),
    ] {
        assert_eq!(Style::of_term(term), style, "{term}");
    }
    assert_eq!(
        (
            Style::Ascii.bar(1, 4, 8),
            Style::Ascii.bar(9, 4, 4),
            Style::Ascii.bar(0, 0, 2)
        ),
        ("##......".into(), "####".into(), "..".into())
    );
    assert!(screen(&at_confirm(), Style::Ascii).is_ascii());
}
