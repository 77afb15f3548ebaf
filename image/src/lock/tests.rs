use super::*;

fn package(group: &str, name: &str, version: &str, digest: char) -> Package {
    Package {
        group: group.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        arch: "amd64".to_owned(),
        size: 1234,
        sha256: digest.to_string().repeat(64),
        archive: Archive::Debian,
        path: format!("pool/main/x/{name}_{}_amd64.deb", version.replace(':', "")),
    }
}

fn lock(packages: &[Package]) -> Lock {
    Lock {
        epoch: 1_700_006_400,
        packages: packages.to_vec(),
    }
}

fn changes(old: &[Package], new: &[Package]) -> Vec<String> {
    compare(&lock(old), &lock(new))
        .iter()
        .map(Change::to_string)
        .collect()
}

#[test]
fn a_lock_survives_being_written() {
    let mut security = package("virtual machines", "libc++1", "1:2.0~rc1-3+b1", 'a');
    security.archive = Archive::DebianSecurity;
    security.path = "pool/updates/main/x/libc++1_2.0~rc1-3+b1_amd64.deb".to_owned();
    let lock = lock(&[security, package("tools", "gcc", "4:14.2.0-1", 'b')]);
    assert_eq!(Lock::parse(&lock.to_text()).unwrap(), lock);
}

#[test]
fn each_package_has_a_line_of_its_own() {
    let one = lock(&[package("a", "x", "1", '0')]).to_text();
    let two = lock(&[package("a", "x", "1", '0'), package("a", "y", "1", '1')]).to_text();
    assert_eq!(two.lines().count(), one.lines().count() + 1);
    assert!(!two.contains("://"), "a lock names no host");
}

#[test]
fn damaged_locks_are_refused() {
    let text = lock(&[package("a", "x", "1", '0')]).to_text();
    for (from, to) in [
        ("schema = 1", "schema = 2"),
        ("sha256 = \"0", "sha256 = \"G"),
        ("pool/main", "pool/../../etc"),
        ("pool/main", "/etc"),
        ("arch = \"amd64\"", "arch = \"arm64\""),
        ("name = \"x\"", "name = \"x y\""),
        ("archive = \"debian\"", "archive = \"elsewhere\""),
        ("size =", "weight ="),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(Lock::parse(&text.replace(from, to)).is_err(), "{from}");
    }
    let twice = lock(&[package("a", "x", "1", '0'), package("a", "x", "2", '1')]);
    assert!(Lock::parse(&twice.to_text()).is_err());
}

#[test]
fn changes_are_told_by_name() {
    let old = [
        package("system", "same", "1", '0'),
        package("system", "newer", "1", '1'),
        package("system", "gone", "1", '2'),
    ];
    let new = [
        package("storage", "same", "1", '0'),
        package("system", "newer", "2", '3'),
        package("storage", "added", "1", '4'),
    ];
    assert_eq!(
        changes(&old, &new),
        [
            "+ added 1 (storage)",
            "- gone 1 (system)",
            "~ newer 1 → 2 (system)"
        ]
    );
    assert!(changes(&old, &old).is_empty());
}

#[test]
fn another_content_under_the_same_version_is_told() {
    let old = [package("system", "x", "1", '0')];
    let new = [package("system", "x", "1", '1')];
    assert_eq!(
        changes(&old, &new),
        ["! x 1 (system): same version, other content"]
    );
}

#[test]
fn image_and_tools_are_compared_apart() {
    let old = [
        package("system", "x", "1", '0'),
        package("tools", "x", "1", '0'),
    ];
    let new = [
        package("system", "x", "1", '0'),
        package("tools", "x", "2", '1'),
    ];
    assert_eq!(changes(&old, &new), ["~ x 1 → 2 (tools)"]);
}

#[test]
fn packages_are_selected_by_what_they_are_for() {
    let lock = lock(&[
        package("system", "systemd", "1", '0'),
        package(KERNEL_GROUP, "linux-image", "1", '1'),
        package(TOOLS_GROUP, "gcc", "1", '2'),
    ]);
    assert_eq!(lock.image()[0].name, "systemd");
    assert_eq!(lock.kernel()[0].name, "linux-image");
    assert_eq!(lock.tools()[0].name, "gcc");
    assert_eq!(
        lock.image().len() + lock.kernel().len() + lock.tools().len(),
        3
    );
}
