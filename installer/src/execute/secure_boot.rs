//! Secure Boot keys for firmware that has none, when that was asked for.

use std::io::{self, Read};

use megh_host::efi::SecureBootKeys;
use megh_model::boot::Firmware;
use megh_model::secure_boot::KeyVariable;

use super::Run;
use crate::session::chain;

/// Contents of key variables are a few kilobytes.
const MAX_KEY: u64 = 64 * 1024;

impl Run<'_> {
    /// After everything else, and never a reason to fail: without keys the
    /// machine starts as it did before.
    pub(super) fn enrol_secure_boot(&mut self) {
        if !self.task.plan.enrol_secure_boot {
            return;
        }
        if self.task.plan.firmware == Firmware::Bios {
            self.meter
                .warn("no Secure Boot keys were enrolled: this machine was started by BIOS".into());
            return;
        }
        let enrolled = self.read_keys().map_err(|error| chain(&error));
        let enrolled = enrolled.and_then(|keys| {
            self.machine
                .enrol_secure_boot(&keys)
                .map_err(|error| chain(&error))
        });
        if let Err(reason) = enrolled {
            self.meter.warn(format!(
                "Secure Boot keys were not enrolled: {reason}; to try again, clear the platform \
                 key in the firmware's own menu and install anew, or enrol the certificate there"
            ));
        }
    }

    fn read_keys(&self) -> io::Result<SecureBootKeys> {
        let read = |key: KeyVariable| {
            let file = self
                .machine
                .open_file(&self.task.secure_boot.join(key.file()))?;
            let mut bytes = Vec::new();
            file.take(MAX_KEY).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(bytes)
        };
        let [db, kek, pk] = KeyVariable::ALL;
        Ok(SecureBootKeys {
            contents: [read(db)?, read(kek)?, read(pk)?],
        })
    }
}
