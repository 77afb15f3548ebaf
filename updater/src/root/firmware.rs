//! How the machine was started, and from which partition the loader says.

use std::fs;
use std::io;

use megh_model::boot::Firmware;
use uuid::Uuid;

use super::{Places, RootError};

/// systemd's stub, which is the head of our kernel images, sets it to the
/// partition that it was itself loaded from. It does not outlive the boot.
const LOADER_PARTITION: &str =
    "/sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
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
pub(super) fn loader_partition(places: &Places) -> Result<Option<Uuid>, RootError> {
    let path = places.path(LOADER_PARTITION);
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
    fn no_variable_means_no_partition() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::new(dir.path());
        assert_eq!(detect(&places), Firmware::Bios);
        fs::create_dir_all(places.path("/sys/firmware/efi/efivars")).unwrap();
        assert_eq!(detect(&places), Firmware::Uefi);
        assert!(matches!(loader_partition(&places), Ok(None)));
        fs::write(places.path(LOADER_PARTITION), b"junk").unwrap();
        assert!(matches!(
            loader_partition(&places),
            Err(RootError::LoaderVariable)
        ));
    }
}
