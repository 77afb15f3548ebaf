//! The table of numbers.

use std::fmt::Write;
use std::path::Path;

use megh_model::units::{Bytes, GIB, MIB};
use serde_json::Value;

use crate::machine::has_hardware_virtualization;

/// Two times of the same work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    /// The product's, in seconds.
    pub(super) ours: f64,
    /// The bare way's.
    pub(super) bare: f64,
}

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) runs: usize,
    pub(super) start: Ratio,
    pub(super) install: Ratio,
    pub(super) creation: Ratio,
    pub(super) staging: Ratio,
    /// Seconds.
    pub(super) applying: f64,
    /// Bytes.
    pub(super) idle_memory: f64,
    /// Bytes.
    pub(super) iso: u64,
    /// Bytes.
    pub(super) root: u64,
}

const START_AIM: f64 = 1.5;
const INSTALL_AIM: f64 = 1.3;
const CREATION_AIM: f64 = 1.2;
const STAGING_AIM: f64 = 1.3;
const ISO_AIM: u64 = 550 * 1000 * 1000;
const MEMORY_AIM: f64 = 450.0;
const SLOT: u64 = 4 * GIB;
const TEST_AIM_SECONDS: f64 = 45.0 * 60.0;
const QUICK_AIM_SECONDS: f64 = 60.0;

impl Numbers {
    /// The whole page. `cache` holds what `cargo ci` noted of its own times.
    pub(super) fn to_markdown(&self, cache: &Path) -> String {
        let mut page = head(self.runs);
        self.add_ratios(&mut page);
        self.add_sizes(&mut page);
        for (task, aim) in [("test", TEST_AIM_SECONDS), ("quick", QUICK_AIM_SECONDS)] {
            if let Some(seconds) = noted_time(cache, task) {
                let what = format!("`cargo ci {task}`, last complete run");
                let aim_text = duration(aim);
                value(
                    &mut page,
                    &what,
                    &duration(seconds),
                    &aim_text,
                    seconds <= aim,
                );
            }
        }
        page
    }

    fn add_ratios(&self, page: &mut String) {
        for (what, times, aim) in [
            (
                "loader → API ready, against the same kernel, initrd and root reaching a bare \
                 `multi-user.target`",
                self.start,
                START_AIM,
            ),
            (
                "installation, against `dd` of the same bytes with fsync",
                self.install,
                INSTALL_AIM,
            ),
            (
                "instance from wish to running, against `qemu-img` and `virsh` alone",
                self.creation,
                CREATION_AIM,
            ),
            (
                "update staged into the other slot, against `dd` of the same bytes with fsync \
                 and reading back",
                self.staging,
                STAGING_AIM,
            ),
        ] {
            ratio(page, what, times, aim);
        }
        let _ = writeln!(
            page,
            "| update, from \"apply\" to the new version serving, one restart, less firmware | \
             {:.2} s | | | | |",
            self.applying
        );
    }

    fn add_sizes(&self, page: &mut String) {
        let memory = self.idle_memory / MIB as f64;
        let met = memory <= MEMORY_AIM;
        let aim = format!("{MEMORY_AIM} MiB");
        value(
            page,
            "memory in use at idle",
            &format!("{memory:.0} MiB"),
            &aim,
            met,
        );
        let iso = format!("{:.0} MB", self.iso as f64 / 1e6);
        value(page, "ISO", &iso, "550 MB", self.iso <= ISO_AIM);
        let used = format!("{} of {}", Bytes(self.root), Bytes(SLOT));
        value(page, "root slot", &used, "half", self.root * 2 <= SLOT);
    }
}

fn head(runs: usize) -> String {
    let way = if has_hardware_virtualization() {
        "KVM"
    } else {
        "software emulation"
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "# Numbers\n\nWritten by `cargo ci bench`: medians of {runs} runs, machines under {way} on \
         {processors} processors.\nRatios compare with the same work done bare on the same machine.\n\n\
         | what | measured | bare | ratio | aim | |\n|---|---|---|---|---|---|\n"
    )
}

fn ratio(page: &mut String, what: &str, ratio: Ratio, aim: f64) {
    let times = ratio.ours / ratio.bare;
    let _ = writeln!(
        page,
        "| {what} | {:.2} s | {:.2} s | {times:.2}× | {aim}× | {} |",
        ratio.ours,
        ratio.bare,
        verdict(times <= aim)
    );
}

fn value(page: &mut String, what: &str, measured: &str, aim: &str, met: bool) {
    let _ = writeln!(
        page,
        "| {what} | {measured} | | | {aim} | {} |",
        verdict(met)
    );
}

const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.1} min", seconds / 60.0)
    }
}

/// The time of a task's last complete run, if there was one.
fn noted_time(cache: &Path, task: &str) -> Option<f64> {
    let text = std::fs::read(cache.join("ci/times.json")).ok()?;
    serde_json::from_slice::<Value>(&text)
        .ok()?
        .get(task)?
        .as_f64()
}
