//! The databases of the virtual switch and networks, across versions.
//!
//! A newer engine converts its database when it starts, and an older one cannot
//! read that. So they are copied when another version starts for the first
//! time, and when the older one is back it gets its copy, if the form has
//! changed since. Only then: what the control plane wants of the networks it
//! wants of either.

use std::fs;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_model::slot::Slot;
use serde_json::Value;

use crate::look::Found;
use crate::{BootDisk, Places, UpdateError, kept};

/// The databases.
const DATABASES: [&str; 3] = [
    "/etc/openvswitch/conf.db",
    "/var/lib/ovn/ovnnb_db.db",
    "/var/lib/ovn/ovnsb_db.db",
];
/// Directory of the copies below the updater's, one directory for each version.
const COPIES_DIR: &str = "engines";
/// File with the version that ran last.
const LAST_FILE: &str = "engines/last.json";

/// Before the engines start: copies what the version that ran last has left,
/// and puts back what this version can read.
pub(crate) fn change_over(
    machine: &dyn Machine,
    places: &Places,
    disk: &BootDisk,
    found: &Found,
) -> Result<(), UpdateError> {
    let last: Option<String> = kept::load(machine, &places.kept(LAST_FILE));
    if last.as_ref() == Some(&disk.version) {
        return Ok(());
    }
    for database in DATABASES {
        let live = places.path(database);
        if let Some(last) = &last {
            copy(machine, &live, &place(places, last, database))?;
        }
        let own = place(places, &disk.version, database);
        if let (Some(wanted), Some(is)) = (form(&own), form(&live))
            && wanted != is
        {
            tracing::warn!(database, wanted, is, "an older form is put back");
            copy(machine, &own, &live)?;
        }
    }
    kept::save(machine, &places.kept(LAST_FILE), &disk.version)?;
    forget_others(places, found);
    Ok(())
}

fn place(places: &Places, version: &str, database: &str) -> PathBuf {
    let name = Path::new(database).file_name().unwrap_or_default();
    places.kept(COPIES_DIR).join(version).join(name)
}

/// Copies a database, if there is one: whole or not at all.
fn copy(machine: &dyn Machine, from: &Path, to: &Path) -> Result<(), UpdateError> {
    match fs::read(from) {
        Ok(bytes) => kept::save_bytes(machine, to, &bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(UpdateError::file("read", from)(error)),
    }
}

/// The version of a database's form. It lies in the first record: after a line
/// `OVSDB JSON <length> <digest>` comes the schema (`ovsdb(5)`).
fn form(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let length = head.strip_prefix("OVSDB JSON ")?.split(' ').next()?;
    let length: usize = length.parse().ok()?;
    let record = bytes.get(end + 1..)?.get(..length)?;
    let schema: Value = serde_json::from_slice(record).ok()?;
    schema["version"].as_str().map(str::to_owned)
}

/// Copies of versions that lie in no slot any more are of no use.
fn forget_others(places: &Places, found: &Found) {
    let held: Vec<String> = Slot::ALL
        .into_iter()
        .filter_map(|slot| found.version(slot))
        .collect();
    let copies = fs::read_dir(places.kept(COPIES_DIR));
    for entry in copies.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !held.contains(&name) {
            // What cannot be removed takes little room.
            let _stays = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use megh_host::fake::FakeMachine;

    use super::*;
    use crate::testing::{World, put};

    fn database(version: &str, rows: &str) -> Vec<u8> {
        let schema = format!(r#"{{"name":"OVN_Northbound","version":"{version}","tables":{{}}}}"#);
        let length = schema.len() + 1;
        format!("OVSDB JSON {length} 0123456789abcdef\n{schema}\n{rows}").into_bytes()
    }

    fn set(world: &World, bytes: &[u8]) {
        let path = world.places.path(DATABASES[1]);
        let _older = fs::remove_file(&path);
        put(&path, bytes);
    }

    /// This version starts.
    fn start(world: &World, version: &str) -> Vec<u8> {
        let fake = FakeMachine::new();
        let disk = BootDisk {
            version: version.to_owned(),
            ..world.disk.clone()
        };
        let (mut found, ()) = world.updater(&fake).peek(|_| ());
        found.slots[1].version = Some("1.1.0".to_owned());
        change_over(&fake, &world.places, &disk, &found).unwrap();
        fs::read(world.places.path(DATABASES[1])).unwrap()
    }

    #[test]
    fn an_older_version_gets_its_form_back() {
        let world = World::new();
        set(&world, &database("7.0.0", "old rows"));
        start(&world, "1.0.0");
        start(&world, "1.1.0");
        set(&world, &database("8.0.0", "new rows"));
        assert_eq!(start(&world, "1.0.0"), database("7.0.0", "old rows"));
        assert_eq!(start(&world, "1.1.0"), database("8.0.0", "new rows"));
    }

    #[test]
    fn a_form_that_both_read_keeps_its_rows() {
        let world = World::new();
        set(&world, &database("7.0.0", "old rows"));
        start(&world, "1.0.0");
        start(&world, "1.1.0");
        set(&world, &database("7.0.0", "new rows"));
        assert_eq!(start(&world, "1.0.0"), database("7.0.0", "new rows"));
    }

    #[test]
    fn what_is_no_database_is_left_alone() {
        let world = World::new();
        set(&world, b"OVSDB CLUSTER 10 abc\n{}");
        start(&world, "1.0.0");
        assert_eq!(start(&world, "1.1.0"), b"OVSDB CLUSTER 10 abc\n{}");
        assert_eq!(start(&world, "1.0.0"), b"OVSDB CLUSTER 10 abc\n{}");
    }
}
