use super::*;

fn file(name: &str, size: u64) -> PathBuf {
    // Not on /tmp, which may be memory and knows no direct I/O.
    let dir = std::env::var_os("CARGO_TARGET_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let path = dir.join(format!("megh-disk-{name}-{}", std::process::id()));
    File::create(&path).unwrap().set_len(size).unwrap();
    path
}

fn collect(disk: &mut SystemDisk, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    disk.read_back(offset, length, &mut |piece| bytes.extend_from_slice(piece))?;
    Ok(bytes)
}

#[test]
fn what_was_written_is_read_back_from_any_offset() {
    let path = file("any", 10 << 20);
    let mut disk = SystemDisk::open(&path).unwrap();
    let data: Vec<u8> = (0..9_000_000u32).map(|n| (n % 251) as u8).collect();
    disk.write_at(513, &data).unwrap();
    assert!(collect(&mut disk, 513, data.len() as u64).unwrap() == data);
    assert_eq!(collect(&mut disk, 514, 3).unwrap(), data[1..4]);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn zeros_replace_exactly_the_stretch() {
    let path = file("zero", 1 << 20);
    let mut disk = SystemDisk::open(&path).unwrap();
    disk.write_at(0, &[1; 4096]).unwrap();
    disk.zero(1000, 2000).unwrap();
    let bytes = collect(&mut disk, 0, 4096).unwrap();
    let zeros: Vec<usize> = (0..4096).filter(|&at| bytes[at] == 0).collect();
    assert_eq!((zeros.len(), zeros[0]), (2000, 1000));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn reading_past_the_end_is_an_error() {
    let path = file("end", 6000);
    let mut disk = SystemDisk::open(&path).unwrap();
    assert_eq!(collect(&mut disk, 0, 6000).unwrap().len(), 6000);
    assert_eq!(
        collect(&mut disk, 4096, 4096).unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
    std::fs::remove_file(path).unwrap();
}
