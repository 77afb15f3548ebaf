//! Firmware and the variables it starts with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_host::command::Cmd;

use super::spec::Firmware;
use crate::lab::keys_dir;

/// Debian's builds of OVMF, 4 MiB flash.
const CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const SECURE_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
/// No keys: a machine in setup mode.
const VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";
/// Microsoft's keys, and Debian's as the platform's owner.
const VENDOR_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd";
/// Whose keys they are; any will do.
const OWNER: &str = "6d656768-6f73-4003-8000-6b6579730000";

/// The firmware's program.
pub(super) const fn code(firmware: Firmware) -> &'static str {
    if firmware.is_secure() {
        SECURE_CODE
    } else {
        CODE
    }
}

/// Makes the variables of a new machine.
pub(super) fn make_variables(firmware: Firmware, target: &Path) -> Result<()> {
    match firmware {
        Firmware::SecureOwn => {
            let key = certificate()?;
            let keys = ["--set-pk", "--add-kek", "--add-db"]
                .into_iter()
                .flat_map(|option| [option.into(), OWNER.into(), key.clone().into_os_string()]);
            enroll(VARIABLES)
                .args(keys)
                .args(["--sb", "--output"])
                .arg(target)
                .run()?;
        }
        Firmware::SecureVendor => {
            enroll(VENDOR_VARIABLES)
                .args(["--add-mok", OWNER])
                .arg(certificate()?)
                .arg("--output")
                .arg(target)
                .run()?;
        }
        Firmware::Uefi | Firmware::SecureSetup | Firmware::Bios => {
            fs::copy(VARIABLES, target)
                .with_context(|| format!("copying {VARIABLES}: is the package ovmf installed?"))?;
        }
    }
    Ok(())
}

fn enroll(variables: &str) -> Cmd {
    // Of the package python3-virt-firmware; see ci/packages.txt.
    Cmd::new("virt-fw-vars").args(["--input", variables])
}

/// The certificate of the key that signed the loaders under test: in the folder
/// `$MEGHOS_KEYS`, or the development keys of the cache.
fn certificate() -> Result<PathBuf> {
    let path = keys_dir().join("boot.crt");
    ensure!(
        path.is_file(),
        "{} is missing: it is made with the image",
        path.display()
    );
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_enrolled_and_secure_boot_is_on() {
        if certificate().is_err() {
            // No image was built on this machine, so there is no key to enrol.
            return;
        }
        let dir = tempfile::tempdir().expect("a folder");
        for (firmware, variable) in [
            (Firmware::SecureOwn, "SecureBootEnable"),
            (Firmware::SecureVendor, "MokList"),
        ] {
            let target = dir.path().join(firmware.name());
            make_variables(firmware, &target).expect("made");
            let listing = Cmd::new("virt-fw-vars")
                .arg("--input")
                .arg(&target)
                .arg("--print")
                .stdout()
                .expect("listed");
            assert!(listing.contains(variable), "{listing}");
            assert!(listing.contains("PK"), "{listing}");
        }
    }
}
