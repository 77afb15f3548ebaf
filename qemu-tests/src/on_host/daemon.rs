//! `meghd` as a process of this host, with files instead of volumes.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use megh_host::command::{Child, Cmd};
use megh_model::console::ConsoleStatus;

use super::{PrivateLibvirt, built_program};
use crate::Lab;
use crate::api::Api;
use crate::machine::free_port;

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A daemon that can be killed and started again on what it left.
#[derive(Debug)]
pub struct Daemon {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    libvirt_uri: String,
    process: Option<Child>,
    starts: u32,
}

impl Daemon {
    /// A fresh one, started and claimed.
    pub fn claimed(lab: &Lab, libvirt: &PrivateLibvirt) -> Result<(Self, Api)> {
        let mut daemon = Self {
            program: built_program("meghd", "meghd")?,
            folder: lab.path("meghd"),
            port: free_port(0)?,
            libvirt_uri: libvirt.uri(),
            process: None,
            starts: 0,
        };
        for name in ["state", "pool"] {
            fs::create_dir_all(daemon.folder.join(name)).context("making the daemon's folders")?;
        }
        let status = daemon.start()?;
        let api = daemon.api(&status)?;
        api.claim(
            &status
                .claim_code
                .context("a fresh daemon shows no claim code")?,
        )?;
        Ok((daemon, api))
    }

    /// Starts it again and logs in.
    pub fn restart(&mut self) -> Result<Api> {
        let status = self.start()?;
        let api = self.api(&status)?;
        api.log_in()?;
        Ok(api)
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Where it keeps images and volumes.
    pub fn pool(&self) -> PathBuf {
        self.folder.join("pool")
    }

    fn api(&self, status: &ConsoleStatus) -> Result<Api> {
        let api = Api::new(self.port, &status.fingerprint)?;
        api.wait_ready(READY_WITHIN)?;
        Ok(api)
    }

    fn start(&mut self) -> Result<ConsoleStatus> {
        let screen = self.folder.join("console.json");
        let _ = fs::remove_file(&screen);
        self.starts += 1;
        let mut process = Cmd::new(&self.program)
            .arg("serve")
            .arg("--state-dir")
            .arg(self.folder.join("state"))
            .arg("--pool-dir")
            .arg(self.pool())
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--libvirt-uri", &self.libvirt_uri])
            .arg("--console-status")
            .arg(&screen)
            .stdout_file(self.folder.join(format!("meghd-{}.out", self.starts)))
            .stderr_file(self.folder.join(format!("meghd-{}.log", self.starts)))
            .spawn()?;
        let deadline = Instant::now() + READY_WITHIN;
        let status = loop {
            if let Some(exit) = process.try_wait()? {
                bail!("meghd ended with {exit}: {}", self.log());
            }
            // Until it is written whole it is not JSON.
            let text = fs::read(&screen).unwrap_or_default();
            match serde_json::from_slice(&text) {
                Ok(status) => break status,
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(error).context("awaiting the daemon's console status"),
            }
        };
        self.process = Some(process);
        Ok(status)
    }

    fn log(&self) -> String {
        let path = self.folder.join(format!("meghd-{}.log", self.starts));
        fs::read_to_string(path).unwrap_or_default()
    }
}
