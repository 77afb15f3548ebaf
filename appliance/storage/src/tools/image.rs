//! `qemu-img`. Formats are always told, never guessed.

use std::path::Path;

use megh_host::command::{Cmd, CommandError};
use serde::Deserialize;

use super::Tools;
use crate::{ImageFormat, ImageInfo};

/// Answer of `qemu-img measure`.
#[derive(Debug, Deserialize)]
struct Measurement {
    required: u64,
}

/// Bytes that the content of an image takes once unpacked; holes and zeros
/// that are marked as such count nothing.
pub(crate) fn measure(
    tools: &dyn Tools,
    upload: &Path,
    format: ImageFormat,
) -> Result<u64, CommandError> {
    let cmd = Cmd::new("qemu-img")
        .args([
            "measure",
            "--output",
            "json",
            "-f",
            format.qemu_name(),
            "-O",
            "qcow2",
        ])
        .arg(upload);
    let output = tools.run(&cmd)?;
    serde_json::from_slice(&output.stdout)
        .map(|answer: Measurement| answer.required)
        .map_err(|source| CommandError::Json {
            command: cmd.to_string(),
            source,
        })
}

/// Where a conversion writes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// An existing block device that reads as zeros.
    ZeroedDevice(&'a Path),
    /// A qcow2 file that is made.
    NewQcow2(&'a Path),
}

/// Copies an upload; reports the fraction that is done.
pub(crate) fn convert(
    tools: &dyn Tools,
    upload: &Path,
    info: ImageInfo,
    target: Target<'_>,
    progress: &mut dyn FnMut(f64),
) -> Result<(), CommandError> {
    // Caches are bypassed on devices, so that a large image does not push
    // everything else out of memory; either way all is on disk at the end.
    let cmd = Cmd::new("qemu-img").args(["convert", "-p", "-f", info.format.qemu_name()]);
    let cmd = match target {
        Target::ZeroedDevice(device) => cmd
            .args(["-O", "raw", "-n", "--target-is-zero", "-t", "none"])
            .arg(upload)
            .arg(device),
        Target::NewQcow2(file) => cmd
            .args(["-O", "qcow2", "-t", "writeback"])
            .arg(upload)
            .arg(file),
    };
    let mut meter = Meter::default();
    tools.watch(&cmd, &mut |printed| {
        if let Some(fraction) = meter.feed(printed) {
            progress(fraction);
        }
    })
}

/// Makes a writable qcow2 file over a base beside it.
pub(crate) fn create_overlay(
    tools: &dyn Tools,
    overlay: &Path,
    base_name: &str,
    size: u64,
) -> Result<(), CommandError> {
    let cmd = Cmd::new("qemu-img")
        .args([
            "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base_name,
        ])
        .arg(overlay)
        .arg(size.to_string());
    tools.run(&cmd).map(drop)
}

/// Reads `    (12.34/100%)\r`, in whatever pieces it comes.
#[derive(Debug, Default)]
struct Meter {
    pending: Vec<u8>,
}

impl Meter {
    /// The newest fraction in what was printed, if it has a new one.
    fn feed(&mut self, printed: &[u8]) -> Option<f64> {
        self.pending.extend_from_slice(printed);
        let mut newest = None;
        while let Some(end) = self.pending.iter().position(|&byte| byte == b')') {
            let text = String::from_utf8_lossy(&self.pending[..end]).into_owned();
            self.pending.drain(..=end);
            newest = parse_percent(&text).or(newest);
        }
        // Whatever this is, it is no progress.
        if self.pending.len() > 256 {
            self.pending.clear();
        }
        newest
    }
}

fn parse_percent(text: &str) -> Option<f64> {
    let (_, inner) = text.rsplit_once('(')?;
    let percent: f64 = inner.strip_suffix("/100%")?.trim().parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::Meter;

    #[test]
    fn progress_is_read_in_any_pieces() {
        let mut meter = Meter::default();
        assert_eq!(meter.feed(b"    (0.00/1"), None);
        assert_eq!(meter.feed(b"00%)\r    (12."), Some(0.0));
        assert_eq!(meter.feed(b"50/100%)\r    (50.00/100%)\r"), Some(0.5));
        assert_eq!(meter.feed(b"warning (something)\n"), None);
        assert_eq!(meter.feed(&[b'x'; 1000]), None);
        assert_eq!(meter.feed(b"(100.00/100%)\r\n"), Some(1.0));
    }
}
