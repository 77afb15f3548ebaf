//! libvirt's daemon as it ships, in a mount and network namespace where its
//! folders are the test's.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use megh_host::command::{Child, Cmd};
use uuid::Uuid;

use crate::Lab;

/// libvirt's folders, and what stands in for each.
const FOLDERS: [(&str, &str); 5] = [
    ("/etc/libvirt", "etc"),
    ("/run/libvirt", "run"),
    ("/var/lib/libvirt", "lib"),
    ("/var/log/libvirt", "log"),
    ("/var/cache/libvirt", "cache"),
];

/// QEMU as root and unconfined: its files are in the lab.
const QEMU_CONF: &str = "user = \"root\"\ngroup = \"root\"\nsecurity_driver = \"none\"\n\
    dynamic_ownership = 0\nremember_owner = 0\ncgroup_controllers = []\nnamespaces = []\n";

/// How many this program has started: each has a folder of its own.
static STARTED: AtomicU32 = AtomicU32::new(0);

const ANSWERS_WITHIN: Duration = Duration::from_secs(120);

/// A libvirt of the test's own. Dropping it ends it and its guests.
#[derive(Debug)]
pub struct PrivateLibvirt {
    folder: PathBuf,
    _log_daemon: Child,
    _daemon: Child,
}

impl PrivateLibvirt {
    /// Starts the daemons and waits until they answer.
    pub fn start(lab: &Lab) -> Result<Self> {
        // Socket paths have little room, and the lab's may be long.
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let folder = PathBuf::from(format!("/run/megh-libvirt-{process}-{number}"));
        let _ = fs::remove_dir_all(&folder);
        prepare(&folder)?;
        let libvirt = Self {
            _log_daemon: spawn(&folder, "virtlogd")?,
            _daemon: spawn(&folder, "libvirtd")?,
            folder,
        };
        let deadline = Instant::now() + ANSWERS_WITHIN;
        while let Err(error) = libvirt.domains() {
            if Instant::now() >= deadline {
                return Err(error).context("libvirtd does not answer");
            }
            thread::sleep(Duration::from_millis(100));
        }
        lab.say("libvirt answers");
        Ok(libvirt)
    }

    /// What to connect to.
    pub fn uri(&self) -> String {
        let socket = self.folder.join("run/libvirt-sock");
        format!("qemu+unix:///system?socket={}", socket.display())
    }

    /// The ids of all machines it knows.
    pub fn domains(&self) -> Result<BTreeSet<Uuid>> {
        self.ids(&["list", "--all", "--uuid"])
    }

    /// The ids of the machines that run.
    pub fn running_domains(&self) -> Result<BTreeSet<Uuid>> {
        self.ids(&["list", "--uuid"])
    }

    /// virsh, connected to it.
    pub fn virsh(&self, arguments: &[&str]) -> Cmd {
        Cmd::new("virsh")
            .args(["--quiet", "--connect", &self.uri()])
            .args(arguments)
    }

    fn ids(&self, arguments: &[&str]) -> Result<BTreeSet<Uuid>> {
        let list = self.virsh(arguments).stdout()?;
        list.split_whitespace()
            .map(|id| id.parse().with_context(|| format!("virsh listed `{id}`")))
            .collect()
    }
}

impl Drop for PrivateLibvirt {
    fn drop(&mut self) {
        // Guests outlive their daemon.
        for file in fs::read_dir(self.folder.join("run/qemu"))
            .into_iter()
            .flatten()
            .flatten()
        {
            if file
                .path()
                .extension()
                .is_some_and(|extension| extension == "pid")
            {
                let id = fs::read_to_string(file.path()).unwrap_or_default();
                let _ = Cmd::new("kill").args(["-9", id.trim()]).output();
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn prepare(folder: &Path) -> Result<()> {
    for (_, name) in FOLDERS {
        fs::create_dir_all(folder.join(name))
            .with_context(|| format!("making {}/{name}", folder.display()))?;
    }
    fs::write(folder.join("etc/qemu.conf"), QEMU_CONF)?;
    fs::write(
        folder.join("etc/libvirtd.conf"),
        "auth_unix_rw = \"none\"\n",
    )?;
    // libvirt looks its user up even when its configuration names another.
    for (file, names) in [
        ("passwd", &["libvirt-qemu"][..]),
        ("group", &["libvirt-qemu", "kvm"]),
    ] {
        let mut text = fs::read_to_string(Path::new("/etc").join(file))?;
        for (number, name) in names.iter().enumerate() {
            if !text
                .lines()
                .any(|line| line.split(':').next() == Some(name))
            {
                let fields = if file == "passwd" {
                    ":64055::/:/usr/sbin/nologin"
                } else {
                    ":"
                };
                text += &format!("{name}:x:{}{fields}\n", 64055 + number);
            }
        }
        fs::write(folder.join(file), text)?;
    }
    Ok(())
}

/// Starts one of libvirt's daemons in namespaces of its own.
fn spawn(folder: &Path, program: &str) -> Result<Child> {
    let path = Path::new("/usr/sbin").join(program);
    if !path.exists() {
        bail!(
            "{} is missing: `cargo ci setup` installs it",
            path.display()
        );
    }
    let mut script = String::from("set -e\n");
    for (target, name) in FOLDERS {
        script += &format!("mkdir -p {target}; mount --bind \"$0/{name}\" {target}\n");
    }
    for file in ["passwd", "group"] {
        script += &format!("mount --bind \"$0/{file}\" /etc/{file}\n");
    }
    script += &format!("exec {program} --pid-file \"$0/{program}.pid\"");
    Ok(Cmd::new("unshare")
        .args([
            "--mount",
            "--net",
            "--propagation",
            "private",
            "sh",
            "-c",
            &script,
        ])
        .arg(folder)
        .stderr_file(folder.join(format!("{program}.log")))
        .own_group()
        .spawn()?)
}
