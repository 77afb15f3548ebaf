//! How the machine was started, and from which partition the loader says.

use std::fs;
use std::io;

use megh_host::Machine;
use megh_host::mount::{Mount, MountSpec};
use megh_model::boot::Firmware;
use uuid::Uuid;

use super::{Places, RootError};

/// Where the firmware's variables are seen.
const VARIABLES: &str = "/sys/firmware/efi/efivars";
/// systemd's stub, which is the head of our kernel images, sets it to the
/// partition that it was itself loaded from. It does not outlive the boot.
const LOADER_PARTITION: &str = "LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// The variable's attributes come before its value.
const ATTRIBUTES: usize = 4;

pub(super) fn detect(places: &Places) -> Firmware {
    if places.path("/sys/firmware/efi").is_dir() {
        Firmware::Uefi
    } else {
        Firmware::Bios
    }
}

/// The partition that the kernel image came from; none on a medium that has no
/// partitions.
pub(super) fn loader_partition(
    places: &Places,
    machine: &dyn Machine,
) -> Result<Option<Uuid>, RootError> {
    let variables = places.path(VARIABLES);
    if fs::read_dir(&variables).is_ok_and(|mut entries| entries.next().is_none()) {
        Mount::on(machine, &MountSpec::virtual_fs("efivarfs", &variables))?.keep();
    }
    let path = variables.join(LOADER_PARTITION);
    match fs::read(&path) {
        Ok(bytes) => parse_variable(&bytes)
            .map(Some)
            .ok_or(RootError::LoaderVariable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RootError::file("read", path)(error)),
    }
}

/// A UTF-16 text with its final zero, in upper or lower case.
fn parse_variable(bytes: &[u8]) -> Option<Uuid> {
    let (units, rest) = bytes.get(ATTRIBUTES..)?.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
    let text = String::from_utf16(&units).ok()?;
    text.strip_suffix('\0')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use megh_host::fake::FakeMachine;

    use super::*;

    fn variable(text: &str) -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [6, 0, 0, 0].into_iter().chain(units).collect()
    }

    #[test]
    fn the_variable_is_read_in_either_case() {
        let uuid = "6D656768-6F73-4001-8001-626F6F740000";
        let expected = uuid.parse().ok();
        assert_eq!(parse_variable(&variable(&format!("{uuid}\0"))), expected);
        let lower = format!("{}\0", uuid.to_lowercase());
        assert_eq!(parse_variable(&variable(&lower)), expected);
        let odd = [variable(&lower), vec![0]].concat();
        for bad in [
            &b""[..],
            &[6, 0, 0],
            &variable(uuid),
            &variable("sda1\0"),
            &odd,
        ] {
            assert_eq!(parse_variable(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn no_variable_means_no_partition_and_junk_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::new(dir.path());
        let fake = FakeMachine::new();
        assert_eq!(detect(&places), Firmware::Bios);
        fs::create_dir_all(places.path(VARIABLES)).unwrap();
        assert_eq!(detect(&places), Firmware::Uefi);
        assert!(matches!(loader_partition(&places, &fake), Ok(None)));
        assert_eq!(fake.mounted(), [places.path(VARIABLES)]);
        fs::write(places.path(VARIABLES).join(LOADER_PARTITION), b"junk").unwrap();
        let refusal = loader_partition(&places, &fake);
        assert!(matches!(refusal, Err(RootError::LoaderVariable)));
        assert_eq!(fake.steps(), 1, "mounted once, when it was empty");
    }
}
