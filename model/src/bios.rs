//! How GRUB's two BIOS images are told where the rest of them lies.
//!
//! `boot.img` in the first sector of the disk loads the first sector of
//! `core.img`, which loads the remainder. Both find it by sector numbers inside
//! them, which `grub-install` would fill in; the installer fills them in itself.

/// Sectors are 512 bytes for BIOS, always.
pub const BIOS_SECTOR: u64 = 512;

/// In `boot.img`: where the core image begins, a 64-bit sector number.
const KERNEL_SECTOR: usize = 0x5c;
/// In `boot.img`: a jump over the check that forces the drive number to 0x80,
/// which two `nop` open.
const DRIVE_CHECK: usize = 0x66;
/// In `boot.img` the partition table begins here; code and addresses end.
const CODE_END: usize = 0x1b8;
/// In the first sector of `core.img`: where its second sector lies.
const BLOCK_LIST_START: usize = 0x1f4;
/// In the first sector of `core.img`: how many sectors follow it.
const BLOCK_LIST_LENGTH: usize = 0x1fc;

/// Why an image is not one of GRUB's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BiosImageError {
    /// The boot image must be exactly one sector that ends in 55 AA.
    #[error("the BIOS boot image is not one sector with a boot signature")]
    BootImage,
    /// The core image must have at least two sectors and say how many.
    #[error("the BIOS core image does not carry the block list of its {0} bytes")]
    CoreImage(usize),
}

/// The first 440 bytes of the disk's first sector, for a core image that begins
/// at sector `core_start`. What follows them in that sector (the partition
/// table) belongs to the disk.
pub fn boot_code(boot_image: &[u8], core_start: u64) -> Result<[u8; CODE_END], BiosImageError> {
    if boot_image.len() as u64 != BIOS_SECTOR || !boot_image.ends_with(&[0x55, 0xaa]) {
        return Err(BiosImageError::BootImage);
    }
    let mut code = [0; CODE_END];
    code.copy_from_slice(&boot_image[..CODE_END]);
    code[KERNEL_SECTOR..KERNEL_SECTOR + 8].copy_from_slice(&core_start.to_le_bytes());
    code[DRIVE_CHECK..DRIVE_CHECK + 2].fill(0x90);
    Ok(code)
}

/// The core image as it is written at sector `core_start`.
pub fn core_image(core_image: &[u8], core_start: u64) -> Result<Vec<u8>, BiosImageError> {
    let following = core_image
        .len()
        .div_ceil(BIOS_SECTOR as usize)
        .saturating_sub(1);
    let length = core_image.get(BLOCK_LIST_LENGTH..BLOCK_LIST_LENGTH + 2);
    let announced = length.map_or(0, |bytes| {
        usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
    });
    if following == 0 || announced != following {
        return Err(BiosImageError::CoreImage(core_image.len()));
    }
    let mut image = core_image.to_vec();
    image[BLOCK_LIST_START..BLOCK_LIST_START + 8].copy_from_slice(&(core_start + 1).to_le_bytes());
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot() -> Vec<u8> {
        let mut image = vec![7; 512];
        image[510..].copy_from_slice(&[0x55, 0xaa]);
        image
    }

    #[test]
    fn the_boot_code_points_at_the_core_image_and_leaves_the_partition_table() {
        let code = boot_code(&boot(), 0x0102_0304).unwrap();
        assert_eq!(code.len(), 440);
        assert_eq!(code[0x5c..0x64], [4, 3, 2, 1, 0, 0, 0, 0]);
        assert_eq!(code[0x66..0x68], [0x90, 0x90]);
        let untouched = |at: usize| !(0x5c..0x64).contains(&at) && !(0x66..0x68).contains(&at);
        assert!((0..440).filter(|&at| untouched(at)).all(|at| code[at] == 7));
    }

    #[test]
    fn what_is_not_a_boot_image_is_refused() {
        assert_eq!(boot_code(&boot()[..511], 1), Err(BiosImageError::BootImage));
        assert_eq!(boot_code(&[0; 512], 1), Err(BiosImageError::BootImage));
    }

    #[test]
    fn the_core_image_points_at_its_own_second_sector() {
        let mut image = vec![0; 512 * 3 - 100];
        image[0x1fc] = 2;
        let patched = core_image(&image, 2048).unwrap();
        assert_eq!(patched[0x1f4..0x1fc], 2049u64.to_le_bytes());
        assert_eq!(patched.len(), image.len());
        assert_eq!(
            core_image(&image[..1000], 2048),
            Err(BiosImageError::CoreImage(1000))
        );
        assert_eq!(
            core_image(&image[..300], 2048),
            Err(BiosImageError::CoreImage(300))
        );
    }
}
