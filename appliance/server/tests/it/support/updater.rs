//! A program that stands in for `megh-update`.

use std::path::Path;

/// Puts the program at a path. It does what the shell scripts beside it say,
/// one per command: `status.sh`, `stage.sh`.
pub fn put(path: &Path) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-megh-update");
    std::os::unix::fs::symlink(program, path).expect("a link");
}

/// A status with something in every field.
pub const REPORT: &str = r#"{
  "version": "1.0.0",
  "slots": [
    {"slot": "a", "state": "good", "version": "1.0.0", "running": true, "next": true},
    {"slot": "b", "state": "on-trial", "version": "1.1.0", "running": false, "next": false}
  ],
  "staged": {"version": "1.2.0", "slot": "b", "at": 1800000000, "fetched": 5, "size": 50},
  "trial": null,
  "last_trial": {
    "version": "1.1.0", "from_version": "1.0.0", "outcome": "rolled-back", "reason": "a person went back",
    "at": 1800000001, "journal": true, "data": null,
    "checks": [{"name": "store", "passed": true, "detail": "opened", "deadline": 300}]
  },
  "check": {
    "at": 1800000002, "error": null, "code": null,
    "offers": [{"version": "1.2.0", "source": "https://updates.example", "size": 50, "download": 5,
      "released": 1790000000, "refused": null}]
  },
  "progress": null,
  "settings": {"source": "https://updates.example", "channel": null, "policy": "download-only",
    "window": null, "bandwidth": null},
  "floor": "1.0.0",
  "problems": []
}"#;
