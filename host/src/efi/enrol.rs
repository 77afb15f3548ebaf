//! Secure Boot: how it stands, and keys for firmware that waits for some.

use efivar::VarManager;
use efivar::efi::{Variable, VariableFlags};
use megh_model::secure_boot::{ATTRIBUTES, KeyVariable};

use super::{EfiError, aside, variable};

/// How Secure Boot stands on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecureBoot {
    /// The firmware has none, does not tell, or is BIOS.
    Absent,
    /// The firmware has no owner and takes keys from anybody.
    SetupMode,
    /// There are keys, and they are not looked at.
    Off,
    /// Only what is signed by an enrolled key starts.
    On,
}

/// What is written to each key variable: [`megh_model::secure_boot::authenticated`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecureBootKeys {
    /// Content of each variable of [`KeyVariable::ALL`], in that order.
    pub contents: [Vec<u8>; 3],
}

/// How Secure Boot stands on this machine.
pub fn secure_boot() -> SecureBoot {
    if super::firmware() == megh_model::boot::Firmware::Bios {
        return SecureBoot::Absent;
    }
    aside(|firmware| state(firmware)).unwrap_or(SecureBoot::Absent)
}

/// Enrols `keys`.
pub(crate) fn enrol(keys: &SecureBootKeys) -> Result<(), EfiError> {
    let keys = keys.clone();
    aside(move |firmware| enrol_in(firmware, &keys))?
}

fn state(firmware: &dyn VarManager) -> SecureBoot {
    let flag = |name| {
        let (bytes, _) = firmware.read(&Variable::new(name)).ok()?;
        bytes.first().map(|byte| *byte == 1)
    };
    match (flag("SetupMode"), flag("SecureBoot")) {
        (None, _) | (_, None) => SecureBoot::Absent,
        (Some(true), _) => SecureBoot::SetupMode,
        (_, Some(true)) => SecureBoot::On,
        (_, Some(false)) => SecureBoot::Off,
    }
}

fn enrol_in(firmware: &mut dyn VarManager, keys: &SecureBootKeys) -> Result<(), EfiError> {
    if state(firmware) != SecureBoot::SetupMode {
        return Err(EfiError::NotInSetupMode);
    }
    for (key, content) in KeyVariable::ALL.into_iter().zip(&keys.contents) {
        let name = Variable::new_with_vendor(key.name(), key.vendor());
        let attributes = VariableFlags::from_bits_truncate(ATTRIBUTES);
        firmware
            .write(&name, attributes, content)
            .map_err(variable("write Secure Boot keys"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use efivar::store::MemoryStore;

    use super::*;

    fn firmware(setup: u8, on: u8) -> MemoryStore {
        let mut firmware = MemoryStore::new();
        let flags = VariableFlags::default();
        for (name, value) in [("SetupMode", setup), ("SecureBoot", on)] {
            efivar::VarWriter::write(&mut firmware, &Variable::new(name), flags, &[value])
                .expect("a variable in memory");
        }
        firmware
    }

    fn keys() -> SecureBootKeys {
        SecureBootKeys {
            contents: [b"db".to_vec(), b"kek".to_vec(), b"pk".to_vec()],
        }
    }

    #[test]
    fn the_state_is_what_two_variables_say() {
        assert_eq!(state(&MemoryStore::new()), SecureBoot::Absent);
        assert_eq!(state(&firmware(1, 0)), SecureBoot::SetupMode);
        assert_eq!(state(&firmware(0, 0)), SecureBoot::Off);
        assert_eq!(state(&firmware(0, 1)), SecureBoot::On);
    }

    #[test]
    fn firmware_with_an_owner_is_left_alone() {
        for mut owned in [firmware(0, 0), firmware(0, 1), MemoryStore::new()] {
            let refused = enrol_in(&mut owned, &keys());
            assert!(matches!(refused, Err(EfiError::NotInSetupMode)));
        }
    }

    #[test]
    fn all_three_variables_are_written_in_their_name_spaces() {
        let mut firmware = firmware(1, 0);
        enrol_in(&mut firmware, &keys()).expect("in setup mode");
        for (key, content) in KeyVariable::ALL.into_iter().zip(&keys().contents) {
            let name = Variable::new_with_vendor(key.name(), key.vendor());
            let (found, flags) = efivar::VarReader::read(&firmware, &name).expect("written");
            assert_eq!((&found, flags.bits()), (content, ATTRIBUTES));
        }
    }
}
