use super::*;
use crate::units::Bytes;

const FULL: &str = r#"
    schema = 1
    mode = "erase"
    finish = "poweroff"
    allow_expired = true
    [target]
    by_id = "nvme-*"
    serial = "S4EVNX0M"
    min_size = "32 GiB"
    max_size = 2000000000000
    require_unique = false
    [host]
    name = "node-1"
    [firmware]
    enrol_secure_boot = true
"#;

fn error(text: &str) -> String {
    Answers::parse(text).unwrap_err().to_string()
}

#[test]
fn a_full_file_is_read() {
    let answers = Answers::parse(FULL).unwrap();
    assert_eq!(
        (answers.mode, answers.finish),
        (Mode::Erase, Finish::Poweroff)
    );
    assert_eq!(answers.host_name.unwrap().as_str(), "node-1");
    assert!(answers.enrol_secure_boot && answers.allow_expired);
    let expected = Target {
        by_id: Some("nvme-*".into()),
        serial: Some("S4EVNX0M".into()),
        min_size: Some(Bytes::gib(32)),
        max_size: Some(Bytes(2_000_000_000_000)),
        ..Target::default()
    };
    assert_eq!(answers.target, expected);
}

#[test]
fn the_smallest_file_takes_the_only_disk_and_restarts() {
    let answers =
        Answers::parse("schema = 1\nmode = \"erase\"\n[target]\nrequire_unique = true").unwrap();
    assert_eq!(
        (answers.finish, answers.target.require_unique),
        (Finish::Reboot, true)
    );
    assert_eq!(answers.host_name, None);
    assert!(!answers.enrol_secure_boot && !answers.allow_expired);
}

#[test]
fn every_mistake_is_named() {
    for (text, message) in [
        (
            "mode = \"erase\"\n[target]\nserial = \"x\"",
            "missing field `schema`",
        ),
        (
            "schema = 2\nnew_key = 1",
            "schema is 2, and this installer reads 1",
        ),
        (
            "schema = 1\nmode = \"erase\"\n[target]\nserail = \"x\"",
            "unknown field `serail`",
        ),
        (
            "schema = 1\nmode = \"erase\"\nfnish = 1\n[target]\nserial = \"x\"",
            "unknown field `fnish`",
        ),
        (
            "schema = 1\nmode = \"keep\"\n[target]\nserial = \"x\"",
            "unknown variant `keep`",
        ),
        ("schema = 1\nmode = \"erase\"", "missing field `target`"),
        (
            "schema = 1\nmode = \"erase\"\n[target]",
            "[target] is empty",
        ),
        (
            "schema = 1\nmode = \"erase\"\n[target]\nrequire_unique = false",
            "[target] is empty",
        ),
        (
            "schema = 1\nmode = \"erase\"\n[target]\nserial = \" \"",
            "target.serial: must not be empty",
        ),
        (
            "schema = 1\nmode = \"erase\"\n[target]\nmin_size = \"big\"",
            "target.min_size: `big` is not a size",
        ),
        (
            "schema = 1\nmode = \"erase\"\n[target]\nmin_size = \"2GiB\"\nmax_size = \"1GiB\"",
            "target.max_size: 1 GiB is less",
        ),
        (
            "schema = 1\nmode = \"erase\"\n[target]\nserial = \"x\"\n[host]\nname = \"My Host\"",
            "host.name: ",
        ),
        ("schema = ", "TOML parse error"),
    ] {
        let said = error(text);
        assert!(said.contains(message), "{text}\n→ {said}");
    }
}

fn disk<'a>(by_id: &'a [String], serial: Option<&'a str>) -> DiskFacts<'a> {
    let model = Some("Samsung SSD 980 1TB");
    DiskFacts {
        by_id,
        serial,
        wwn: None,
        model,
        bus: Some("nvme"),
        size: Bytes::gib(931),
    }
}

#[test]
fn conditions_are_all_checked_and_the_first_that_fails_is_named() {
    let ids = ["nvme-Samsung_SSD_980_1TB_S4EVNX0M".to_owned()];
    let disk = disk(&ids, Some(" S4EVNX0M "));
    let ask = |edit: fn(&mut Target)| {
        let mut target = Target::default();
        edit(&mut target);
        target.mismatch(&disk)
    };
    assert_eq!(ask(|t| t.by_id = Some("nvme-*_S4EVNX0M".into())), None);
    assert_eq!(ask(|t| t.serial = Some("S4EVNX0M".into())), None);
    assert_eq!(ask(|t| t.model = Some("*980*".into())), None);
    assert_eq!(
        ask(|t| t.by_id = Some("ata-*".into())).unwrap(),
        "by_id is not ata-*"
    );
    assert_eq!(
        ask(|t| t.serial = Some("S4*".into())).unwrap(),
        "serial is not S4*"
    );
    assert_eq!(
        ask(|t| t.wwn = Some("eui.1".into())).unwrap(),
        "wwn is not eui.1"
    );
    assert_eq!(
        ask(|t| t.bus = Some("usb".into())).unwrap(),
        "bus is not usb"
    );
    assert_eq!(
        ask(|t| t.min_size = Some(Bytes::gib(932))).unwrap(),
        "smaller than min_size"
    );
    assert_eq!(
        ask(|t| t.max_size = Some(Bytes::gib(930))).unwrap(),
        "larger than max_size"
    );
}

#[test]
fn two_matching_disks_are_a_question_unless_any_will_do() {
    let mut target = Target {
        require_unique: true,
        ..Target::default()
    };
    assert_eq!(target.choose(&[]), Err(NoTarget::NoMatch));
    assert_eq!(target.choose(&["sda"]), Ok("sda"));
    assert_eq!(
        target.choose(&["sda", "sdb"]),
        Err(NoTarget::Several(vec!["sda".into(), "sdb".into()]))
    );
    target.require_unique = false;
    assert_eq!(target.choose(&["sda", "sdb"]), Ok("sda"));
}

#[test]
fn the_site_file_survives_a_round_trip_and_refuses_strangers() {
    let site = SiteConfig::new(
        "node-1".parse().unwrap(),
        VolumeGroup::from_random(0xc0ffee),
    );
    let text = site.to_toml();
    assert_eq!(
        text,
        "schema = 1\nhost_name = \"node-1\"\nvolume_group = \"megh-00c0ffee\"\n"
    );
    assert_eq!(SiteConfig::parse(&text), Ok(site));
    assert!(SiteConfig::parse(&text.replace("c0ffee", "C0FFEE")).is_err());
    assert!(SiteConfig::parse(&format!("{text}more = 1\n")).is_err());
    assert_eq!(
        SiteConfig::parse(&text.replace("schema = 1", "schema = 9")),
        Err(SiteError::Schema(9))
    );
}
