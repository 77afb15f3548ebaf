use std::fs;

use super::remove_serial_log;

#[test]
fn a_log_goes_with_its_rotated_parts_only() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("1.log");
    for name in ["1.log", "1.log.0", "1.log.12", "1.log.old", "11.log"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    remove_serial_log(&log).unwrap();
    remove_serial_log(&log).unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["1.log.old", "11.log"]);
    remove_serial_log(&folder.path().join("absent/1.log")).unwrap();
}
