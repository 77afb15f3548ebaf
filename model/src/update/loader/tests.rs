//! The rules, and that `disk.cfg` says the same.

mod script;

use proptest::prelude::*;

use super::*;
use crate::boot_env::TRIES;
use crate::slot::{BootChoice, BootOrder};

/// An environment with that number.
fn env(sequence: u64, first: Slot, good: Slot) -> BootEnv {
    let choice = BootChoice {
        order: BootOrder::starting_with(first),
        good,
    };
    (1..sequence).fold(BootEnv::first(choice), |env, _| env.next(choice))
}

fn view(env: BootEnv, marker: Option<Marker>) -> LoaderView {
    LoaderView {
        main: Some(env),
        spare: Some(env),
        marker: MarkerView {
            marker,
            writable: true,
        },
        marks: [1, 0],
    }
}

#[test]
fn a_trial_has_three_starts_and_then_the_good_slot_is_started() {
    let env = env(4, Slot::B, Slot::A);
    let mut marker = Some(Marker::fresh(4));
    for left in (0..TRIES).rev() {
        let start = decide(&view(env, marker));
        assert_eq!((start.first, start.why), (Slot::B, StartReason::Trial));
        assert_eq!(start.marker.map(|m| m.left), Some(left));
        marker = start.marker;
    }
    for _ in 0..10 {
        let start = decide(&view(env, marker));
        assert_eq!((start.first, start.why), (Slot::A, StartReason::Spent));
        assert_eq!(start.marker, None);
    }
}

#[test]
fn a_marker_that_is_lost_stuck_or_of_another_environment_means_the_good_slot() {
    let env = env(4, Slot::B, Slot::A);
    for marker in [None, Some(Marker::fresh(3)), Some(Marker::fresh(5))] {
        assert_eq!(decide(&view(env, marker)).why, StartReason::Spent);
    }
    let mut stuck = view(env, Some(Marker::fresh(4)));
    stuck.marker.writable = false;
    assert_eq!(decide(&stuck).first, Slot::A);
}

#[test]
fn good_slots_take_turns_by_fives_while_neither_shows_life() {
    let env = env(4, Slot::A, Slot::A);
    for (marks, second) in [([1, 3], Slot::B), ([1, 0], Slot::A)] {
        let mut view = LoaderView {
            marks,
            ..view(env, Some(Marker::fresh(4)))
        };
        let mut starts = Vec::new();
        for _ in 0..20 {
            let start = decide(&view);
            starts.push(start.first);
            view.marker.marker = start.marker;
        }
        let fives = [[Slot::A; 5], [second; 5], [Slot::A; 5], [second; 5]];
        assert_eq!(starts, fives.concat());
    }
}

#[test]
fn without_an_environment_the_newest_mark_counts() {
    for (marks, first) in [
        ([0, 0], Slot::A),
        ([3, 0], Slot::A),
        ([0, 1], Slot::B),
        ([3, 7], Slot::B),
        ([7, 3], Slot::A),
    ] {
        let lost = LoaderView {
            main: None,
            spare: None,
            marks,
            ..view(env(1, Slot::A, Slot::A), None)
        };
        let start = decide(&lost);
        assert_eq!((start.first, start.why), (first, StartReason::Marks));
    }
}

fn any_slot() -> impl Strategy<Value = Slot> {
    prop::sample::select(&Slot::ALL[..])
}

fn any_env() -> impl Strategy<Value = Option<BootEnv>> {
    prop::option::weighted(
        0.8,
        (1..6u64, any_slot(), any_slot()).prop_map(|(n, first, good)| env(n, first, good)),
    )
}

fn any_marker() -> impl Strategy<Value = Option<Marker>> {
    let marker = (0..6u64, 0..=TRIES, 0..2 * VAIN_STARTS);
    prop::option::weighted(
        0.9,
        marker.prop_map(|(sequence, left, vain)| Marker {
            sequence,
            left,
            vain,
            last: None,
        }),
    )
}

prop_compose! {
    fn any_view()(main in any_env(), spare in any_env(), marker in any_marker(), writable in prop::bool::weighted(0.9), a in 0..6u64, b in 0..6u64) -> LoaderView {
        // What cannot be read cannot be written over either: GRUB asks for the header.
        let writable = writable && marker.is_some();
        LoaderView { main, spare, marker: MarkerView { marker, writable }, marks: [a, b] }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn grub_is_told_the_same_rules(view in any_view()) {
        let expected = decide(&view);
        let mut grub = script::Grub::on(&view);
        prop_assert_eq!(grub.run(), (expected.first, expected.first.other()));
        let written = expected.marker.map(|marker| marker.to_bytes().to_vec());
        let found = grub.marker_if_written();
        let parse = |bytes: &Vec<u8>| Marker::parse(bytes);
        prop_assert_eq!(found.as_ref().map(parse), written.as_ref().map(parse));
    }
}
