use std::fs;

use megh_host::command::Cmd;

use super::*;
use crate::write_log::Base;

const MIB: u64 = 1 << 20;

/// A file system made by mtools, 1 MiB into a disk.
fn made(dir: &std::path::Path, size: u64, options: &[&str]) -> Base {
    let image = dir.join("fat");
    fs::File::create(&image)
        .and_then(|file| file.set_len(size))
        .expect("made");
    let run = |program: &str, arguments: &[&str]| {
        Cmd::new(program)
            .args(arguments)
            .cwd(dir)
            .run()
            .expect("mtools runs");
    };
    run("mformat", &[&["-i", "fat"], options, &["::"]].concat());
    fs::write(dir.join("large"), vec![7; 100_000]).expect("written");
    fs::write(dir.join("small"), "text").expect("written");
    run("mmd", &["-i", "fat", "::/meghos"]);
    run("mcopy", &["-i", "fat", "small", "::/meghos/bootenv.sum"]);
    run("mcopy", &["-i", "fat", "large", "::/meghos/manifest.json"]);
    run("mcopy", &["-i", "fat", "small", "::/GRUBX64.EFI"]);
    let disk = dir.join("disk");
    let content = fs::read(&image).expect("read");
    fs::write(&disk, [vec![0; MIB as usize], content].concat()).expect("written");
    Base::open(&disk).expect("opens")
}

fn reads_what_mtools_wrote(size: u64, options: &[&str], width: Width) {
    let dir = tempfile::tempdir().expect("a folder");
    let disk = made(dir.path(), size, options);
    let fat = Fat::open(&disk, MIB..MIB + size).expect("a file system");
    assert_eq!(fat.width, width);
    let read = |path| fat.read(path, MIB).expect("readable");
    assert_eq!(read("meghos/bootenv.sum").as_deref(), Some(&b"text"[..]));
    assert_eq!(read("meghos/manifest.json"), Some(vec![7; 100_000]));
    assert_eq!(read("grubx64.efi").as_deref(), Some(&b"text"[..]));
    assert_eq!(read("meghos/absent"), None);
    assert_eq!(read("grubx64.efi/absent"), None);
    assert!(fat.read("meghos/manifest.json", 99_999).is_err());
    let entry = fat
        .find("meghos/manifest.json")
        .expect("read")
        .expect("there");
    let length: u64 = fat
        .stretches(&entry)
        .expect("whole")
        .iter()
        .map(|stretch| stretch.end - stretch.start)
        .sum();
    assert_eq!(length, 100_000);
}

#[test]
fn all_three_widths_are_read() {
    reads_what_mtools_wrote(2 * MIB, &[], Width::Bits12);
    reads_what_mtools_wrote(20 * MIB, &[], Width::Bits16);
    reads_what_mtools_wrote(64 * MIB, &["-F"], Width::Bits32);
}

#[test]
fn damage_is_an_error_and_never_a_loop() {
    let dir = tempfile::tempdir().expect("a folder");
    let disk = made(dir.path(), 20 * MIB, &[]);
    let path = dir.path().join("disk");
    let bytes = fs::read(&path).expect("read");
    assert!(Fat::open(&disk, 0..MIB).is_err(), "there is none");
    assert!(Fat::open(&disk, MIB..2 * MIB).is_err(), "it is cut off");
    let mut draws = fastrand::Rng::with_seed(3);
    for _ in 0..200 {
        let mut spoiled = bytes.clone();
        for _ in 0..64 {
            // Boot sector, tables and the first folders.
            let at = MIB as usize + draws.usize(0..120_000);
            spoiled[at] = draws.u8(..);
        }
        fs::write(&path, &spoiled).expect("written");
        let disk = Base::open(&path).expect("opens");
        if let Ok(fat) = Fat::open(&disk, MIB..21 * MIB) {
            let _ = fat.read("meghos/manifest.json", MIB);
        }
    }
}
