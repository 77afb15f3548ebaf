//! What a machine remembers only grows.

use proptest::prelude::*;

use super::site::*;
use crate::release::*;

fn version(minor: u8) -> Version {
    format!("1.{minor}.0").parse().unwrap()
}

fn verified_index(number: u64, issued: u64) -> VerifiedIndex {
    let mut document = index();
    document["version"] = number.into();
    document["issued"] = issued.into();
    document["expires"] = (issued + 1).into();
    let bytes = serde_json::to_vec(&document).unwrap();
    let demands = Demands {
        allow_expired: true,
        ..Demands::at(0)
    };
    let (root, trust) = (built_in(), TrustState::default());
    let verifier = Verifier::new(&root, &trust, &demands).unwrap();
    verifier.index(&bytes, &sign(&RELEASE, &bytes)).unwrap()
}

#[test]
fn the_state_survives_its_file_and_nothing_else_passes_for_one() {
    let state = trust().with_index(&verified_index(9, ISSUED));
    assert_eq!(TrustState::parse(&state.to_bytes()).unwrap(), state);
    let text = String::from_utf8(state.to_bytes()).unwrap();
    for (from, to) in [
        ("\"schema\": 1", "\"schema\": 2"),
        ("\"seen\"", "\"sent\""),
        ("\"1.0.0\"", "\"1.0\""),
        ("\"stable\"", "\"nightly\""),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let changed = text.replacen(from, to, 1);
        assert!(TrustState::parse(changed.as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn the_highest_version_for_this_machine_is_the_newest() {
    let site = Site::sound();
    let (root, trust, mut demands) = (built_in(), trust(), demands());
    let mut read =
        |file: &str, _: usize| Ok::<_, std::convert::Infallible>(site.0.get(file).cloned());
    let verifier = Verifier::new(&root, &trust, &demands).unwrap();
    let index = verifier.read_index(Channel::Stable, &mut read).unwrap();
    assert_eq!(
        verifier.newest(&index).unwrap().version.to_string(),
        OFFERED
    );
    let mut held = site.clone();
    held.edit("stable.json", &RELEASE, |i| {
        i["releases"][1]["rollout"] = 0.into()
    });
    demands.machine = Some(Machine::new("m"));
    let mut read =
        |file: &str, _: usize| Ok::<_, std::convert::Infallible>(held.0.get(file).cloned());
    let verifier = Verifier::new(&root, &trust, &demands).unwrap();
    let index = verifier.read_index(Channel::Stable, &mut read).unwrap();
    assert_eq!(
        verifier.newest(&index).unwrap().version.to_string(),
        "1.0.0"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_transition_forgets(steps in prop::collection::vec((0u8..3, 1u64..50, 0u8..50), 0..12)) {
        let mut state = TrustState::default();
        for (what, number, minor) in steps {
            let next = match what {
                0 => state.with_floor(version(minor)),
                1 => state.with_index(&verified_index(number, ISSUED + u64::from(minor))),
                _ => state.with_root(&built_in()),
            };
            prop_assert!(next.floor >= state.floor);
            prop_assert!(next.seen >= state.seen);
            prop_assert!(next.root >= state.root);
            prop_assert!(next.index(Channel::Stable) >= state.index(Channel::Stable));
            state = next;
        }
    }

    /// Whatever index a machine has believed, no older one passes, and a lower
    /// version than the floor never does, with the explicit word or without it.
    #[test]
    fn the_past_stays_past(seen in 1u64..20, offered in 1u64..20, floor in 0u8..6, minor in 0u8..6, word in any::<bool>()) {
        let mut site = Site(std::collections::BTreeMap::new());
        site.put("stable.json", &index(), &RELEASE);
        let release = version(minor).to_string();
        let mut document = manifest(&release);
        document["floor"] = "0.0.0".into();
        site.put(&path(&release), &document, &RELEASE);
        site.list(&release);
        site.edit("stable.json", &RELEASE, |i| i["version"] = offered.into());
        let trust = TrustState::default().with_floor(version(floor)).with_index(&verified_index(seen, ISSUED));
        let demands = Demands { allow_expired: word, ..demands() };
        let taken = take(&site, &demands, &trust, &release).is_ok();
        prop_assert_eq!(taken, minor >= floor && (word || offered >= seen));
    }
}
