use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use megh_model::boot::Firmware;
use megh_model::units::Bytes;

use super::*;
use crate::command::Cmd;

const DISK: u64 = 20_000_000_000;

fn write(
    name: &str,
    sector: SectorSize,
    code: Option<&[u8; 440]>,
) -> (PathBuf, Layout, Identities, Table) {
    let layout = Layout::plan(Bytes(DISK), sector, Firmware::Uefi).unwrap();
    let identities = Identities::random();
    let table = Table::render(&layout, &identities, code).unwrap();
    let path = std::env::temp_dir().join(format!("megh-gpt-{name}-{}", std::process::id()));
    let file = File::create(&path).unwrap();
    file.set_len(DISK).unwrap();
    for (offset, bytes) in [&table.tail, &table.head] {
        file.write_all_at(bytes, *offset).unwrap();
    }
    file.write_all_at(&table.first_sector, 0).unwrap();
    (path, layout, identities, table)
}

#[test]
fn other_tools_find_nothing_to_complain_about() {
    let (path, layout, identities, _) = write("sgdisk", SectorSize::B512, None);
    let verdict = Cmd::new("sgdisk")
        .arg("--verify")
        .arg(&path)
        .stdout()
        .unwrap();
    assert!(verdict.contains("No problems found"), "{verdict}");
    for partition in &layout.partitions {
        let number = partition.role.number();
        let info = Cmd::new("sgdisk")
            .arg(format!("--info={number}"))
            .arg(&path)
            .stdout()
            .unwrap();
        let expected = [
            format!("Partition name: '{}'", partition.role),
            format!("First sector: {} ", partition.start / 512),
            format!("Partition size: {} sectors", partition.size.0 / 512),
            format!(
                "unique GUID: {}",
                identities.partitions[&partition.role]
                    .to_string()
                    .to_uppercase()
            ),
            format!(
                "GUID code: {}",
                partition.role.type_guid().to_string().to_uppercase()
            ),
        ];
        for text in expected {
            assert!(info.contains(&text), "{text}\n{info}");
        }
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn large_sectors_are_read_back_by_the_library_with_both_copies() {
    let (path, layout, identities, _) = write("4k", SectorSize::B4096, None);
    let table = gpt::GptConfig::new()
        .logical_block_size(LogicalBlockSize::Lb4096)
        .open(&path)
        .unwrap();
    assert_eq!(table.guid(), &identities.disk);
    assert!(table.primary_header().is_ok() && table.backup_header().is_ok());
    assert_eq!(table.partitions().len(), layout.partitions.len());
    assert_eq!(
        table.partitions()[&9].last_lba,
        layout.partitions[8].end() / 4096 - 1
    );
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_boot_code_stands_in_front_of_the_protective_record() {
    let (path, .., table) = write("code", SectorSize::B512, Some(&[0xc3; 440]));
    assert_eq!(table.first_sector.len(), 512);
    assert!(table.first_sector[..440].iter().all(|byte| *byte == 0xc3));
    assert_eq!(table.first_sector[0x1c2], 0xee);
    assert_eq!(table.first_sector[510..], [0x55, 0xaa]);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn nothing_is_written_where_partitions_lie() {
    let layout = Layout::plan(Bytes(DISK), SectorSize::B512, Firmware::Uefi).unwrap();
    let table = Table::render(&layout, &Identities::random(), None).unwrap();
    assert_eq!(
        table.head.0 + table.head.1.len() as u64,
        layout.partitions[0].start
    );
    assert_eq!(table.tail.0, layout.partitions[8].end());
    assert_eq!(table.tail.0 + table.tail.1.len() as u64, DISK - DISK % 512);
}
