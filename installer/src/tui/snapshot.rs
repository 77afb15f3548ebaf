//! Screens compared with files; `MEGH_UPDATE_SNAPSHOTS=1` writes them anew.

use std::fs;
use std::path::Path;

/// Fails unless `screen` is what the file `name` has.
pub(crate) fn check(name: &str, screen: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/tui/snapshot")
        .join(format!("{name}.txt"));
    if std::env::var_os("MEGH_UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, screen).expect("the snapshot can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == screen,
        "{} is different; now it is:\n{screen}",
        path.display()
    );
}
