//! QEMU's machine protocol: one JSON object a line.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// How long an answer may take; the machine may be busy emulating.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A connection to a machine's QMP socket.
#[derive(Debug)]
pub struct Qmp {
    reader: BufReader<UnixStream>,
    events: Vec<Value>,
}

impl Qmp {
    /// Connects and leaves the negotiation mode.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)
            .with_context(|| format!("connecting to QMP at {}", socket.display()))?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        let mut qmp = Self {
            reader: BufReader::new(stream),
            events: Vec::new(),
        };
        qmp.read_line()?
            .get("QMP")
            .context("the socket does not speak QMP")?;
        qmp.execute("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Runs a command and returns its answer.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let line = json!({ "execute": command, "arguments": arguments }).to_string();
        self.reader
            .get_mut()
            .write_all(format!("{line}\n").as_bytes())
            .with_context(|| format!("sending QMP {command}"))?;
        loop {
            let mut message = self
                .read_line()
                .with_context(|| format!("awaiting the answer to {command}"))?;
            if let Some(answer) = message.get_mut("return") {
                return Ok(answer.take());
            }
            if let Some(error) = message.get("error") {
                bail!("QMP {command}: {error}");
            }
            self.events.push(message);
        }
    }

    /// Waits for an event of this name and forgets all before it.
    pub fn wait_event(&mut self, name: &str, within: Duration) -> Result<Value> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(at) = self.events.iter().position(|event| event["event"] == name) {
                return Ok(self
                    .events
                    .drain(..=at)
                    .next_back()
                    .expect("the range is not empty"));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("no QMP event {name} within {within:?}");
            }
            self.reader.get_ref().set_read_timeout(Some(left))?;
            let event = self
                .read_line()
                .with_context(|| format!("awaiting the event {name}"));
            self.reader
                .get_ref()
                .set_read_timeout(Some(ANSWER_WITHIN))?;
            self.events.push(event?);
        }
    }

    fn read_line(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self
            .reader
            .read_line(&mut line)
            .context("reading from QMP")?
            == 0
        {
            bail!("QEMU closed QMP");
        }
        serde_json::from_str(&line).with_context(|| format!("QMP said `{}`", line.trim()))
    }
}
