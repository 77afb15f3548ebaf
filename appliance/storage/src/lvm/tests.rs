use std::sync::Arc;

use megh_host::Machine;
use megh_host::command::{Cmd, CommandError, Output};
use megh_host::fake::FakeMachine;
use megh_model::answers::VolumeGroup;
use uuid::Uuid;

use super::{LvmPool, mount_library};
use crate::tools::Tools;
use crate::{Capacity, Pool, StorageError, VolumeSource};

const IMAGE: Uuid = Uuid::from_u128(0xa);
const VOLUME: Uuid = Uuid::from_u128(0xb);

impl Tools for FakeMachine {
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError> {
        Machine::run(self, cmd)
    }

    fn watch(&self, cmd: &Cmd, each: &mut dyn FnMut(&[u8])) -> Result<(), CommandError> {
        let output = Machine::run(self, cmd)?;
        each(&output.stdout);
        Ok(())
    }
}

/// A row of `lvs`.
fn row(name: &str, size: u64, tags: &str, percents: (&str, &str)) -> String {
    let (data, metadata) = percents;
    format!(
        r#"{{"lv_name":"{name}","lv_size":"{size}","lv_tags":"{tags}","lv_active":"",
            "data_percent":"{data}","metadata_percent":"{metadata}"}}"#
    )
}

fn pool_row() -> String {
    row("pool", 8 << 30, "", ("25.00", "10.00"))
}

struct Fixture {
    machine: Arc<FakeMachine>,
    pool: LvmPool,
    _folder: tempfile::TempDir,
}

/// A pool in which `lvs` shows these rows, with an upload of 1 MiB waiting.
fn fixture(rows: &[String]) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(FakeMachine::new());
    let group: VolumeGroup = "megh-0badcafe".parse().unwrap();
    let pool = LvmPool::with_tools(machine.clone(), group, folder.path());
    std::fs::write(pool.upload_path(IMAGE), vec![1; 1 << 20]).unwrap();
    let fixture = Fixture {
        machine,
        pool,
        _folder: folder,
    };
    fixture.shows(rows);
    fixture.machine.answer(
        "qemu-img measure",
        r#"{"required": 1376256, "fully-allocated": 1376256}"#,
    );
    fixture.machine.answer(
        "qemu-img convert",
        "    (0.00/100%)\r    (50.00/100%)\r    (100.00/100%)\r\n",
    );
    fixture
}

impl Fixture {
    fn shows(&self, rows: &[String]) {
        let json = format!(r#"{{"report":[{{"lv":[{}]}}],"log":[]}}"#, rows.join(","));
        self.machine.answer("lvs", json);
    }

    fn import(&self) -> Result<Vec<f64>, StorageError> {
        let mut seen = Vec::new();
        let upload = self.pool.upload_path(IMAGE);
        self.pool
            .import(IMAGE, &upload, &mut |fraction| seen.push(fraction))?;
        Ok(seen)
    }

    /// What was run to change something, without the noise.
    fn changes(&self) -> Vec<String> {
        let noise = " --config 'backup{backup=0 archive=0} activation{monitoring=0}'";
        let folder = self._folder.path().display().to_string();
        self.machine
            .journal()
            .into_iter()
            .filter(|line| !line.starts_with("lvs") && !line.contains("measure"))
            .map(|line| line.replace(noise, "").replace(&folder, "…"))
            .collect()
    }
}

fn img() -> String {
    format!("img-{IMAGE}")
}

fn vol() -> String {
    format!("vol-{VOLUME}")
}

#[test]
fn an_import_fills_seals_and_tags_in_this_order() {
    let fixture = fixture(&[pool_row()]);
    assert_eq!(fixture.import(), Ok(vec![1.0]));
    let (name, lv) = (img(), format!("megh-0badcafe/{}", img()));
    assert_eq!(
        fixture.changes(),
        [
            format!(
                "lvcreate --yes --type thin --wipesignatures n --name {name} --thinpool pool --virtualsize=1048576b megh-0badcafe"
            ),
            format!(
                "qemu-img convert -p -f raw -O raw -n --target-is-zero -t none …/uploads/{IMAGE}.upload /dev/{lv}"
            ),
            format!("lvchange --activate n {lv}"),
            format!("lvchange --permission r --addtag megh-ready {lv}"),
        ]
    );
}

#[test]
fn a_whole_image_is_left_alone_and_a_half_one_is_made_again() {
    let whole = fixture(&[pool_row(), row(&img(), 4 << 20, "x,megh-ready", ("", ""))]);
    whole.import().unwrap();
    assert_eq!(whole.changes(), [""; 0]);

    let half = fixture(&[pool_row(), row(&img(), 4 << 20, "megh-ready-not", ("", ""))]);
    half.import().unwrap();
    assert_eq!(
        half.changes()[0],
        format!("lvremove --yes --force megh-0badcafe/{}", img())
    );
    assert_eq!(half.changes().len(), 5);
}

#[test]
fn an_import_that_fails_anywhere_never_ends_tagged() {
    let steps = {
        let fixture = fixture(&[pool_row()]);
        fixture.import().unwrap();
        fixture.machine.steps()
    };
    for n in 0..steps {
        let folder = tempfile::tempdir().unwrap();
        let machine = Arc::new(FakeMachine::failing_at(n));
        let group: VolumeGroup = "megh-0badcafe".parse().unwrap();
        let pool = LvmPool::with_tools(machine.clone(), group, folder.path());
        std::fs::write(pool.upload_path(IMAGE), vec![1; 512]).unwrap();
        let fixture = Fixture {
            machine,
            pool,
            _folder: folder,
        };
        fixture.shows(&[pool_row()]);
        fixture
            .machine
            .answer("qemu-img measure", r#"{"required": 1}"#);
        assert!(fixture.import().is_err(), "step {n}");
        // The tagging is the last step, and a step that fails has done nothing.
        assert_eq!(
            fixture.machine.steps(),
            n + 1,
            "nothing runs after step {n}"
        );
    }
}

#[test]
fn an_image_that_does_not_fit_is_refused_before_anything_is_made() {
    let fixture = fixture(&[pool_row()]);
    let free = (8u64 << 30) / 4 * 3;
    fixture.machine.answer(
        "qemu-img measure",
        format!(r#"{{"required": {}}}"#, free + 1),
    );
    assert_eq!(
        fixture.import(),
        Err(StorageError::NoSpace {
            needed: free + 1,
            free
        })
    );
    assert_eq!(fixture.changes(), [""; 0]);
}

#[test]
fn a_pool_without_room_for_metadata_is_full() {
    let fixture = fixture(&[row("pool", 1 << 30, "", ("1.00", "96.50"))]);
    assert_eq!(
        fixture.pool.capacity(),
        Ok(Capacity {
            total: 1 << 30,
            free: 0
        })
    );
}

#[test]
fn a_volume_is_a_snapshot_that_grows_only_if_it_must() {
    let image = row(&img(), 4 << 20, "megh-ready", ("", ""));
    let (name, lv) = (vol(), format!("megh-0badcafe/{}", vol()));
    let options = "--yes --snapshot --setactivationskip n --permission rw --activate y";
    let origin = format!("megh-0badcafe/{}", img());

    let same = fixture(&[pool_row(), image.clone()]);
    same.pool.create_volume(VOLUME, IMAGE, 1 << 20).unwrap();
    let whole = format!("lvcreate {options} --name {name} --addtag megh-ready {origin}");
    assert_eq!(same.changes(), [whole]);

    let larger = fixture(&[pool_row(), image]);
    larger.pool.create_volume(VOLUME, IMAGE, 1 << 30).unwrap();
    let snapshot = format!("lvcreate {options} --name {name} {origin}");
    let extend = format!("lvextend --size=1073741824b {lv}");
    let seal = format!("lvchange --addtag megh-ready {lv}");
    assert_eq!(larger.changes(), [snapshot, extend, seal]);
}

#[test]
fn only_whole_things_are_sources_or_are_opened() {
    let half_image = fixture(&[pool_row(), row(&img(), 4 << 20, "", ("", ""))]);
    let refused = half_image.pool.create_volume(VOLUME, IMAGE, 1 << 20);
    assert_eq!(refused, Err(StorageError::NotFound(IMAGE)));

    let half_volume = fixture(&[row(&vol(), 4 << 20, "", ("", ""))]);
    assert_eq!(
        half_volume.pool.open_volume(VOLUME),
        Err(StorageError::NotFound(VOLUME))
    );
    assert_eq!(half_volume.pool.volumes(), Ok(vec![VOLUME]));

    let whole = fixture(&[row(&vol(), 4 << 20, "megh-ready", ("", ""))]);
    let path = format!("/dev/megh-0badcafe/{}", vol()).into();
    assert_eq!(
        whole.pool.open_volume(VOLUME),
        Ok(VolumeSource::Block(path))
    );
    assert_eq!(
        whole.changes(),
        [format!("lvchange --activate y megh-0badcafe/{}", vol())]
    );
}

#[test]
fn removing_what_is_not_there_does_nothing() {
    let fixture = fixture(&[pool_row(), row("library", 4 << 30, "", ("5.00", ""))]);
    fixture.pool.delete_volume(VOLUME).unwrap();
    fixture.pool.delete_image(IMAGE).unwrap();
    assert_eq!(fixture.changes(), [""; 0]);
    assert!(fixture.pool.images().unwrap().is_empty());
}

#[test]
fn the_library_is_mounted_once() {
    let machine = FakeMachine::new();
    let group: VolumeGroup = "megh-0badcafe".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("pool");
    machine.answer("findmnt", r#"{"filesystems":[{"target":"/"}]}"#);
    mount_library(&machine, &group, &target).unwrap();
    assert_eq!(machine.mounted(), vec![target.clone()]);
    let steps = machine.steps();
    let json = serde_json::json!({"filesystems": [{"target": target}]});
    machine.answer("findmnt", json.to_string());
    mount_library(&machine, &group, &target).unwrap();
    assert_eq!(machine.steps(), steps + 1, "it only looked");
}
