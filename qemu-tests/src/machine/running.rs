//! A machine that is switched on.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use megh_host::command::{Child, Cmd};
use serde_json::json;

use super::arguments::{Operator, Places, arguments};
use super::spec::MachineSpec;
use crate::Lab;
use crate::qmp::Qmp;
use crate::serial::Serial;

/// How long QEMU may take to open its sockets.
const SOCKETS_WITHIN: Duration = Duration::from_secs(30);

/// A running machine. Dropping it pulls the plug.
#[derive(Debug)]
pub struct Machine {
    name: String,
    qemu: Child,
    qmp: Qmp,
    /// The serial port.
    pub serial: Serial,
    https_port: u16,
    switched_on: Instant,
}

impl Machine {
    pub(super) fn start(lab: &Lab, spec: MachineSpec) -> Result<Self> {
        let places = Places::new(lab.dir(), &spec.name);
        places.prepare(spec.firmware)?;
        for socket in [&places.qmp, &places.serial] {
            let _ = fs::remove_file(socket);
        }
        let https_port = free_port(0)?;
        let mut qemu = Cmd::new("qemu-system-x86_64")
            .args(arguments(&spec, &places, https_port, Operator::Test))
            .own_group()
            .spawn()?;
        let (serial, qmp) = connect(lab, &spec, &places, &mut qemu)
            .with_context(|| format!("QEMU says: {}", qemu.stderr_tail_so_far()))?;
        lab.say(&format!(
            "`{}` is switched on ({})",
            spec.name,
            spec.firmware.name()
        ));
        Ok(Self {
            name: spec.name,
            qemu,
            qmp,
            serial,
            https_port,
            switched_on: Instant::now(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port on this host's loopback that leads to the machine's port 443.
    pub fn https_port(&self) -> u16 {
        self.https_port
    }

    /// Time since it was switched on.
    pub fn uptime(&self) -> Duration {
        self.switched_on.elapsed()
    }

    /// The machine protocol.
    pub fn qmp(&mut self) -> &mut Qmp {
        &mut self.qmp
    }

    /// Waits until it switches itself off.
    pub fn wait_power_off(&mut self, within: Duration) -> Result<()> {
        match self.qemu.wait_timeout(within)? {
            Some(exit) if exit.is_success() => Ok(()),
            Some(exit) => bail!(
                "QEMU of `{}` ended with {exit}: {}",
                self.name,
                self.qemu.stderr_tail_so_far()
            ),
            None => bail!(
                "`{}` did not switch itself off within {within:?}",
                self.name
            ),
        }
    }

    /// Presses the power button and waits for the orderly end.
    pub fn press_power_button(&mut self, within: Duration) -> Result<()> {
        self.qmp.execute("system_powerdown", json!({}))?;
        self.wait_power_off(within)
    }

    /// Waits until it resets itself.
    pub fn wait_reset(&mut self, within: Duration) -> Result<()> {
        self.qmp.wait_event("RESET", within).map(drop)
    }

    /// Presses the reset button: to the system on it, a power cut.
    pub fn reset(&mut self) -> Result<()> {
        self.serial.forget();
        self.qmp.execute("system_reset", json!({}))?;
        self.wait_reset(Duration::from_secs(60))
    }

    /// Cuts the power: the machine is gone, its disks are as they are.
    pub fn pull_plug(mut self) {
        self.qemu.kill();
    }

    /// Has QEMU empty its cache of the first recorded disk, which makes the log
    /// tell of everything that the machine has written.
    pub fn flush_log(&mut self) -> Result<()> {
        let line = json!({ "command-line": "qemu-io disk0 flush" });
        let said = self.qmp.execute("human-monitor-command", line)?;
        let text = said.as_str().unwrap_or_default().trim();
        ensure!(text.is_empty(), "QEMU does not flush: {text}");
        Ok(())
    }

    /// Saves what the screen shows as a PNG picture.
    pub fn screenshot(&mut self, file: &Path) -> Result<()> {
        self.qmp
            .execute("screendump", json!({ "filename": file, "format": "png" }))
            .map(drop)
    }

    /// Bytes of memory that the machine's system calls available, and its
    /// total, as its balloon driver reports them.
    pub fn memory_available(&mut self) -> Result<(u64, u64)> {
        let balloon = "/machine/peripheral/balloon0";
        self.qmp.execute(
            "qom-set",
            json!({ "path": balloon, "property": "guest-stats-polling-interval", "value": 1 }),
        )?;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            thread::sleep(Duration::from_secs(2));
            let stats = self.qmp.execute(
                "qom-get",
                json!({ "path": balloon, "property": "guest-stats" }),
            )?;
            let read = |name: &str| {
                stats["stats"][name]
                    .as_u64()
                    .filter(|bytes| *bytes != u64::MAX)
            };
            if let (Some(available), Some(total)) =
                (read("stat-available-memory"), read("stat-total-memory"))
            {
                return Ok((available, total));
            }
            if Instant::now() >= deadline {
                bail!(
                    "the balloon driver of `{}` reports no memory statistics",
                    self.name
                );
            }
        }
    }
}

/// Runs a machine with its serial port in this terminal until it is switched
/// off, with its port 443 at `https_port` of this host's loopback.
pub(super) fn run_in_terminal(lab: &Lab, spec: &MachineSpec, https_port: u16) -> Result<()> {
    let places = Places::new(lab.dir(), &spec.name);
    places.prepare(spec.firmware)?;
    Cmd::new("qemu-system-x86_64")
        .args(arguments(spec, &places, https_port, Operator::Person))
        .interactive()
        .run()?;
    Ok(())
}

/// Takes the serial port and lets the machine go.
fn connect(
    lab: &Lab,
    spec: &MachineSpec,
    places: &Places,
    qemu: &mut Child,
) -> Result<(Serial, Qmp)> {
    wait_for_sockets(qemu, places)?;
    let serial = Serial::connect(&places.serial, &places.serial_log)?;
    lab.keep_log(&spec.name, serial.log().clone());
    let mut qmp = Qmp::connect(&places.qmp)?;
    qmp.execute("cont", json!({}))?;
    Ok((serial, qmp))
}

fn wait_for_sockets(qemu: &mut Child, places: &Places) -> Result<()> {
    let deadline = Instant::now() + SOCKETS_WITHIN;
    while !(places.qmp.exists() && places.serial.exists()) {
        if let Some(exit) = qemu.try_wait()? {
            bail!("QEMU ended with {exit}: {}", qemu.stderr_tail_so_far());
        }
        if Instant::now() >= deadline {
            bail!("QEMU did not open its sockets within {SOCKETS_WITHIN:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The port `wanted` of the loopback if it is free (0: any port), else an error.
pub(crate) fn free_port(wanted: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", wanted))
        .with_context(|| format!("TCP port {wanted} of the loopback is not free"))?;
    Ok(listener
        .local_addr()
        .context("looking for a free TCP port")?
        .port())
}
