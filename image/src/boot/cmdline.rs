//! The kernel's command line, and the same for GRUB on BIOS machines.

use anyhow::Result;
use megh_model::boot::{CMDLINE_HASH_OFFSET, CMDLINE_ROOT_HASH};
use megh_model::boot_env::Block;
use megh_model::release::Verity;

/// What every start has in common. GRUB takes only letters, digits and
/// `=.,:_/-` from `slot.env`.
const COMMON: &[&str] = &[
    "console=tty0",
    "console=ttyS0,115200",
    "quiet",
    "loglevel=4",
    "systemd.show_status=auto",
    // Whatever cannot go on restarts, so that the loader can try again.
    "panic=5",
    "systemd.crash_action=reboot",
    // Nothing is mounted because a partition looks like something.
    "systemd.gpt_auto=no",
];

/// The command line that the unified kernel image carries.
pub(super) fn uefi(verity: &Verity) -> String {
    let Verity {
        root_hash,
        hash_offset,
    } = verity;
    let common = COMMON.join(" ");
    format!("{common} {CMDLINE_ROOT_HASH}={root_hash} {CMDLINE_HASH_OFFSET}={hash_offset}")
}

/// The environment block from which GRUB puts the same together on BIOS.
pub(super) fn slot_env(verity: &Verity) -> Result<Vec<u8>> {
    let mut block = Block::default();
    block.set("megh_cmdline", &COMMON.join(" "));
    block.set("megh_roothash", &verity.root_hash);
    block.set("megh_hashoffset", &verity.hash_offset.to_string());
    Ok(block.try_to_bytes()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verity() -> Verity {
        Verity {
            root_hash: "ab".repeat(32),
            hash_offset: 4096,
        }
    }

    #[test]
    fn both_firmwares_start_the_same_system() {
        let block = Block::parse(&slot_env(&verity()).unwrap()).unwrap();
        let value = |name| block.get(name).unwrap();
        let line = format!(
            "{} megh.roothash={} megh.hashoffset={}",
            value("megh_cmdline"),
            value("megh_roothash"),
            value("megh_hashoffset")
        );
        assert_eq!(line, uefi(&verity()));
    }

    #[test]
    fn grub_lets_the_common_words_through() {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b" =.,:_/-".contains(&b);
        assert!(COMMON.join(" ").bytes().all(allowed));
    }
}
