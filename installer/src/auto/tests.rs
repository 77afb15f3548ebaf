use std::fs;

use megh_host::fake::FakeMachine;
use megh_model::answers::MEDIUM_ANSWERS_FILE;
use megh_model::release::PartKind;

use super::*;
use crate::testing::{World, flip_bit};

const ANSWERS: &str =
    "schema = 1\nmode = \"erase\"\nfinish = \"poweroff\"\n[target]\nserial = \"MEGH-TEST-1\"\n";

fn world(answers: &str) -> (World, FakeMachine) {
    let (world, fake) = (World::new(), FakeMachine::new());
    fs::write(world.path("medium").join(MEDIUM_ANSWERS_FILE), answers).unwrap();
    fake.answer("lsblk", world.lsblk());
    (world, fake)
}

fn install(world: &World, fake: &FakeMachine) -> (Outcome, String) {
    let mut out = Vec::new();
    let outcome = run(fake, &world.place(), &mut out).unwrap();
    (outcome, String::from_utf8(out).unwrap())
}

#[test]
fn it_installs_reports_in_json_and_switches_off() {
    let (world, fake) = world(ANSWERS);
    let (outcome, text) = install(&world, &fake);
    assert_eq!(outcome, Outcome::Done);
    let lines: Vec<&str> = text.lines().collect();
    let (last, events) = lines.split_last().unwrap();
    assert_eq!(*last, DONE);
    let events: Vec<Event> = events
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(matches!(&events[0], Event::Plan { disk, .. } if disk.contains("MEGH-TEST-1")));
    assert_eq!(
        fake.journal().last().unwrap(),
        "systemctl --no-block poweroff"
    );
}

#[test]
fn an_expired_release_needs_a_word_in_the_answers() {
    let (world, fake) = (World::until(1_000), FakeMachine::new());
    let medium = world.path("medium").join(MEDIUM_ANSWERS_FILE);
    fs::write(&medium, ANSWERS).unwrap();
    fake.answer("lsblk", world.lsblk());
    let (outcome, text) = install(&world, &fake);
    assert_eq!(outcome, Outcome::Failed);
    assert!(text.contains("expired"), "{text}");
    fs::remove_file(world.path("run").join("progress.jsonl")).unwrap();
    fs::write(&medium, format!("allow_expired = true\n{ANSWERS}")).unwrap();
    let (outcome, text) = install(&world, &fake);
    assert_eq!(outcome, Outcome::Done, "{text}");
}

#[test]
fn a_failure_names_the_reason_on_the_last_line_and_leaves_the_machine_on() {
    let (world, fake) = world(ANSWERS);
    flip_bit(&world.part(PartKind::Uki));
    let (outcome, text) = install(&world, &fake);
    assert_eq!(outcome, Outcome::Failed);
    let last = text.lines().last().unwrap();
    assert!(
        last.starts_with(
            "MEGH-INSTALL-FAILED: checking the release: part uki (uki.efi) is damaged"
        ),
        "{last}"
    );
    assert!(
        !fake
            .journal()
            .iter()
            .any(|step| step.starts_with("systemctl"))
    );
}

#[test]
fn wrong_answers_are_a_failure_and_not_a_question() {
    let (world, fake) = world("schema = 1\nmode = \"erase\"\n[target]\nserail = \"x\"\n");
    let (_, text) = install(&world, &fake);
    let last = text.lines().last().unwrap();
    assert!(
        last.contains("the answers in the medium are not right") && last.contains("serail"),
        "{text}"
    );
}

#[test]
fn a_second_terminal_repeats_what_the_first_one_said() {
    let (world, fake) = world(ANSWERS);
    let (_, first) = install(&world, &fake);
    let steps = fake.steps();
    let (outcome, second) = install(&world, &fake);
    assert_eq!((outcome, second), (Outcome::Done, first));
    assert_eq!(fake.steps(), steps, "nothing was done twice");
}

#[test]
fn a_terminal_that_comes_during_the_installation_follows_it() {
    let (world, fake) = world(ANSWERS);
    let place = world.place();
    let lock = Lock::take(&place).unwrap();
    let journal = place.run.join("progress.jsonl");
    let follower = thread::spawn(move || {
        let mut out = Vec::new();
        (
            run(&fake, &place, &mut out).unwrap(),
            String::from_utf8(out).unwrap(),
        )
    });
    let mut out = Vec::new();
    let mut report = Report::new(&journal, &mut out).unwrap();
    report.say(&Event::Warning {
        message: "one".into(),
    });
    thread::sleep(POLL * 2);
    report.say(&Event::Failed {
        reason: "two".into(),
    });
    let (outcome, text) = follower.join().unwrap();
    drop(lock);
    assert_eq!(outcome, Outcome::Failed);
    assert!(
        text.starts_with("{\"event\":\"warning\"") && text.ends_with("MEGH-INSTALL-FAILED: two\n"),
        "{text}"
    );
}
