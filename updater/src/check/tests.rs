use std::fs;

use megh_host::fake::FakeMachine;
use megh_model::update::Settings;

use crate::testing::{World, put};

fn on_a_site(world: &World) -> Settings {
    Settings {
        source: Some(world.site().display().to_string()),
        ..Settings::default()
    }
}

#[test]
fn newer_releases_are_offered_and_the_result_is_kept() {
    let mut world = World::new();
    let fake = FakeMachine::new();
    let stick = world.stick("sdb");
    let settled = |world: &World| world.updater(&fake).check().unwrap();
    assert!(settled(&world).offers.is_empty());
    assert_eq!(settled(&world).code, None, "a stick is a source");
    world.publish("1.1.0");
    world.copy_site(&stick);
    let found = settled(&world);
    let [offer] = &found.offers[..] else {
        panic!("{found:?}")
    };
    assert_eq!(offer.version, "1.1.0");
    assert!(offer.source.ends_with("/dev/sdb"), "{}", offer.source);
    assert!(offer.size > 300_000 && offer.refused.is_none());
    assert_eq!(world.updater(&fake).status().check, Some(found));
    assert!(fake.mounted().is_empty());
}

#[test]
fn without_a_source_there_is_an_error_with_its_code() {
    let world = World::new();
    let fake = FakeMachine::new();
    let found = world.updater(&fake).check().unwrap();
    assert_eq!(found.code.as_deref(), Some("no-source"));
    // Settings that make no sense count as never made.
    world.settings(&on_a_site(&world));
    assert_eq!(world.updater(&fake).settings(), Settings::default());
}

#[test]
fn a_forged_stick_is_no_offer_and_changes_nothing() {
    let mut world = World::new();
    world.publish("1.1.0");
    let stick = world.stick("sdb");
    world.copy_site(&stick);
    let index = stick.join("meghos-updates/stable.json");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("1.1.0", "9.9.9")).unwrap();
    let fake = FakeMachine::new();
    let found = world.updater(&fake).check().unwrap();
    assert!(found.offers.is_empty(), "{found:?}");
    let trust = world.places.kept("trust.json");
    assert!(!trust.exists(), "nothing was believed");
}

#[test]
fn what_is_only_too_old_is_offered_with_that_reason() {
    let mut world = World::new();
    world.publish("1.1.0");
    let stick = world.stick("sdb");
    world.copy_site(&stick);
    let fake = FakeMachine::new();
    world.updater(&fake).check().unwrap();
    // Another site has shown this machine a later index in the meantime.
    let trust = world.places.kept("trust.json");
    let text = fs::read_to_string(&trust).unwrap();
    put(
        &trust,
        text.replace("\"stable\": 2", "\"stable\": 9").as_bytes(),
    );
    let found = world.updater(&fake).check().unwrap();
    let [offer] = &found.offers[..] else {
        panic!("{found:?}")
    };
    assert!(
        offer
            .refused
            .as_deref()
            .is_some_and(|why| why.contains("version 9"))
    );
    let request = |allow_expired| crate::StageRequest {
        from: Some(stick.display().to_string()),
        allow_expired,
        version: None,
    };
    let updater = world.updater(&fake);
    let refused = updater.stage(&request(false), &mut |_| ()).unwrap_err();
    assert_eq!(refused.code(), "index-replayed");
    assert!(refused.hint().is_some());
    updater.stage(&request(true), &mut |_| ()).unwrap();
    let kept = fs::read_to_string(&trust).unwrap();
    assert!(
        kept.contains("\"stable\": 9"),
        "what was seen is not forgotten: {kept}"
    );
}
