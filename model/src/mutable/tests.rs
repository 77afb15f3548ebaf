use super::*;

fn entry(path: &str) -> String {
    format!("[[path]]\npath = \"{path}\"\nkind = \"dir\"\nstart = \"slot\"\n")
}

#[test]
fn the_shipped_list_is_valid() {
    let list =
        include_str!("../../../recipes/images/appliance/overlay/usr/lib/meghos/mutable-paths.toml");
    let paths = parse(list).unwrap();
    let names: Vec<&str> = paths.iter().map(MutablePath::path).collect();
    for needed in [
        "/etc/machine-id",
        "/var/lib/libvirt",
        "/var/lib/openvswitch",
        "/var/lib/ovn",
        "/var/log/journal",
    ] {
        assert!(names.contains(&needed), "{needed} is not in the list");
    }
}

#[test]
fn a_list_is_read_and_sorted() {
    let text = "[[path]]\npath = \"/var/log/journal\"\nkind = \"dir\"\nstart = \"empty\"\nmode = \"2755\"\n".to_owned() + &entry("/etc/libvirt/qemu");
    let paths = parse(&text).unwrap();
    assert_eq!(paths[0].path(), "/etc/libvirt/qemu");
    assert_eq!(paths[0].relative(), "etc/libvirt/qemu");
    assert_eq!(paths[0].start(), Start::Slot);
    assert_eq!(paths[1].start(), Start::Empty { mode: 0o2755 });
}

#[test]
fn paths_must_be_absolute_and_normalized() {
    for path in [
        "",
        "/",
        "etc",
        "/etc/",
        "/etc//x",
        "/etc/./x",
        "/etc/../usr",
        "/etc/a b",
        "/etc/\u{e4}",
    ] {
        assert_eq!(
            parse(&entry(path)),
            Err(MutableError::Path(path.to_owned())),
            "{path}"
        );
    }
}

#[test]
fn places_of_the_kernel_the_slot_and_the_state_are_refused() {
    for path in [
        "/usr/lib",
        "/dev",
        "/proc/sys",
        "/run/x",
        "/var",
        "/var/lib",
        "/var/lib/meghos",
        "/var/lib/meghos/mutable",
    ] {
        assert_eq!(
            parse(&entry(path)),
            Err(MutableError::Forbidden(path.to_owned())),
            "{path}"
        );
    }
    assert!(parse(&entry("/var/lib/meghos-pool")).is_ok());
}

#[test]
fn overlap_is_refused_in_either_order_and_neighbours_are_not() {
    for (first, second) in [
        ("/etc/a", "/etc/a/b/c"),
        ("/etc/a/b/c", "/etc/a"),
        ("/etc/a", "/etc/a"),
    ] {
        let both = entry(first) + &entry(second);
        assert!(
            matches!(parse(&both), Err(MutableError::Overlap { .. })),
            "{first} {second}"
        );
    }
    assert!(parse(&(entry("/etc/a") + &entry("/etc/a-b") + &entry("/etc/a.d/x"))).is_ok());
}

#[test]
fn modes_and_starts_must_agree() {
    let with = |start: &str, rest: &str| {
        parse(&format!(
            "[[path]]\npath = \"/etc/x\"\nkind = \"file\"\nstart = \"{start}\"\n{rest}"
        ))
    };
    assert!(
        matches!(with("empty", "mode = \"0644\""), Ok(paths) if paths[0].start() == Start::Empty { mode: 0o644 })
    );
    assert_eq!(
        with("empty", ""),
        Err(MutableError::StartMode("/etc/x".into()))
    );
    assert_eq!(
        with("slot", "mode = \"0644\""),
        Err(MutableError::StartMode("/etc/x".into()))
    );
    for mode in ["", "64", "0888", "00644", "rw-", "+644"] {
        assert!(
            matches!(
                with("empty", &format!("mode = \"{mode}\"")),
                Err(MutableError::Mode { .. })
            ),
            "{mode}"
        );
    }
    assert!(matches!(with("copy", ""), Err(MutableError::Malformed(_))));
    assert!(matches!(
        with("slot", "owner = \"root\""),
        Err(MutableError::Malformed(_))
    ));
    assert!(matches!(with("machine-id", ""), Ok(paths) if paths[0].start() == Start::MachineId));
    assert_eq!(
        parse(&entry("/etc/x").replace("slot", "machine-id")),
        Err(MutableError::StartKind("/etc/x".into()))
    );
}
