//! A libvirt of the test's own: the system daemon as it ships, in a mount and
//! network namespace where its directories are the test's.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use megh_host::command::{Child, Cmd};
use megh_hypervisor::{Hypervisor, LibvirtHypervisor};
use tempfile::TempDir;

/// libvirt's directories, and what stands in for each.
const DIRECTORIES: [(&str, &str); 5] = [
    ("/etc/libvirt", "etc"),
    ("/run/libvirt", "run"),
    ("/var/lib/libvirt", "lib"),
    ("/var/log/libvirt", "log"),
    ("/var/cache/libvirt", "cache"),
];

/// What must be installed: a file, and the Debian package that has it.
const NEEDED: [(&str, &str); 6] = [
    ("/usr/sbin/libvirtd", "libvirt-daemon"),
    (
        "/usr/sbin/virtlogd",
        "libvirt-daemon (libvirt-daemon-log on Debian 13)",
    ),
    ("/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"),
    ("/usr/bin/qemu-img", "qemu-utils"),
    ("/usr/bin/unshare", "util-linux"),
];

/// QEMU as root and unconfined: the test's files are under a private directory.
const QEMU_CONF: &str = "\
user = \"root\"
group = \"root\"
security_driver = \"none\"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
";

const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct PrivateLibvirt {
    directory: TempDir,
    driver: LibvirtHypervisor,
    daemon: Option<Child>,
    _log_daemon: Child,
}

impl PrivateLibvirt {
    /// Starts the daemons and waits until they answer.
    pub(crate) fn start() -> Self {
        for (file, package) in NEEDED {
            assert!(
                Path::new(file).exists(),
                "{file} is missing: install the package {package}"
            );
        }
        let directory = tempfile::Builder::new()
            .prefix("megh-libvirt-")
            .tempdir()
            .unwrap();
        prepare(directory.path());
        let log_daemon = spawn(directory.path(), "virtlogd");
        let daemon = Some(spawn(directory.path(), "libvirtd"));
        let socket = directory.path().join("run/libvirt-sock");
        let uri = format!("qemu+unix:///system?socket={}", socket.display());
        let driver = LibvirtHypervisor::new(uri, directory.path().join("scratch"));
        let mut libvirt = Self {
            directory,
            driver,
            daemon,
            _log_daemon: log_daemon,
        };
        libvirt.wait_until_it_answers();
        libvirt
    }

    pub(crate) fn driver(&self) -> &LibvirtHypervisor {
        &self.driver
    }

    /// A second driver, as another run of the product would have it.
    pub(crate) fn uri(&self) -> String {
        format!(
            "qemu+unix:///system?socket={}",
            self.path("run/libvirt-sock").display()
        )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Stops the daemon; guests go on.
    pub(crate) fn stop_daemon(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.terminate(Duration::from_secs(20)).unwrap();
        }
    }

    pub(crate) fn start_daemon(&mut self) {
        self.daemon = Some(spawn(self.directory.path(), "libvirtd"));
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.driver.list() {
            let ended = match &mut self.daemon {
                Some(daemon) => daemon.try_wait().unwrap(),
                None => None,
            };
            assert!(ended.is_none(), "libvirtd has ended: {ended:?}");
            assert!(
                Instant::now() < deadline,
                "libvirtd does not answer: {error}"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for PrivateLibvirt {
    fn drop(&mut self) {
        // Only after a failure: guests outlive the daemon.
        for file in fs::read_dir(self.path("run/qemu"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = file.path();
            if path.extension().is_some_and(|extension| extension == "pid") {
                let pid = fs::read_to_string(path).unwrap_or_default();
                let _gone = Cmd::new("kill").args(["-9", pid.trim()]).output();
            }
        }
        self.stop_daemon();
        if thread::panicking() {
            let log = fs::read_to_string(self.path("libvirtd.log")).unwrap_or_default();
            eprintln!("libvirtd said:\n{log}");
        }
    }
}

fn prepare(directory: &Path) {
    for (_, name) in DIRECTORIES {
        fs::create_dir(directory.join(name)).unwrap();
    }
    fs::write(directory.join("etc/qemu.conf"), QEMU_CONF).unwrap();
    fs::write(
        directory.join("etc/libvirtd.conf"),
        "auth_unix_rw = \"none\"\n",
    )
    .unwrap();
    // libvirt looks its user up even when its configuration names another.
    for (file, names) in [
        ("passwd", &["libvirt-qemu"][..]),
        ("group", &["libvirt-qemu", "kvm"]),
    ] {
        let mut text = fs::read_to_string(Path::new("/etc").join(file)).unwrap();
        for (number, name) in names.iter().enumerate() {
            if !text
                .lines()
                .any(|line| line.split(':').next() == Some(name))
            {
                let id = 64055 + number;
                let fields = if file == "passwd" {
                    ":64055::/:/usr/sbin/nologin"
                } else {
                    ":"
                };
                text.push_str(&format!("{name}:x:{id}{fields}\n"));
            }
        }
        fs::write(directory.join(file), text).unwrap();
    }
}

/// Starts one of libvirt's daemons in namespaces of its own.
fn spawn(directory: &Path, program: &str) -> Child {
    let mut script = String::from("set -e\n");
    for (target, name) in DIRECTORIES {
        script.push_str(&format!(
            "mkdir -p {target}; mount --bind \"$0/{name}\" {target}\n"
        ));
    }
    for file in ["passwd", "group"] {
        script.push_str(&format!("mount --bind \"$0/{file}\" /etc/{file}\n"));
    }
    script.push_str(&format!("exec {program} --pid-file \"$0/{program}.pid\""));
    let log = directory.join(format!("{program}.log"));
    Cmd::new("unshare")
        .args([
            "--mount",
            "--net",
            "--propagation",
            "private",
            "sh",
            "-c",
            &script,
        ])
        .arg(directory)
        .stderr_file(log)
        .own_group()
        .spawn()
        .expect("the test runs as root on a machine with util-linux")
}
