use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;

/// Puts a field into every object that no version knows.
fn extend(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(extend);
            fields.insert("of a later version".to_owned(), Value::from(1));
        }
        Value::Array(items) => items.iter_mut().for_each(extend),
        _ => {}
    }
}

fn is_read<T: Serialize + DeserializeOwned + PartialEq + Debug>(kept: T) {
    let mut later = serde_json::to_value(&kept).unwrap();
    extend(&mut later);
    assert_eq!(serde_json::from_value::<T>(later).unwrap(), kept);
}

#[test]
fn the_version_that_is_back_reads_what_a_later_one_kept() {
    is_read(Settings {
        source: Some("https://updates.example".to_owned()),
        window: Some(Window {
            from_minute: 0,
            to_minute: 60,
        }),
        ..Settings::default()
    });
    is_read(LastTrial {
        version: "1.1.0".to_owned(),
        from_version: "1.0.0".to_owned(),
        outcome: TrialOutcome::Failed,
        reason: "the pool is away".to_owned(),
        at: 1,
        checks: vec![GateCheck {
            name: "pool".to_owned(),
            passed: false,
            detail: "no group".to_owned(),
            deadline: 300,
        }],
        journal: true,
        data: None,
    });
    is_read(CheckResult {
        at: 1,
        offers: vec![Offer {
            version: "1.1.0".to_owned(),
            source: "/dev/sdb".to_owned(),
            size: 1,
            download: None,
            released: None,
            refused: None,
        }],
        error: None,
        code: None,
    });
    is_read(SlotRecord {
        schema: 1,
        state: SlotState::Good,
        version: "1.1.0".to_owned(),
        root_hash: "f".repeat(64),
        at: 1,
        fetched: 1,
        size: 1,
    });
    is_read(DataNote {
        text: "nothing was lost".to_owned(),
        at: 1,
    });
}
