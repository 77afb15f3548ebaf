//! The same facts as a block of plain lines, for serial lines: to be copied by
//! people and read by programs.

use megh_model::update::{StatusReport, TrialOutcome};

use super::facts::{Control, Facts};

/// The block. Its first line is product and version alone only when address and
/// fingerprint follow.
pub fn block(facts: &Facts) -> String {
    let title = format!("{} {}", facts.product, facts.version);
    let status = match &facts.control {
        Control::Starting => return format!("{title} is starting.\n"),
        Control::Dead => {
            return format!("{title}: the control plane does not run; it will be restarted.\n");
        }
        Control::Running(_) if facts.addresses.is_empty() => {
            return format!("{title} has no network address: {}.\n", no_address(facts));
        }
        Control::Running(status) => status,
    };
    let mut lines = vec![title];
    lines.extend(facts.urls().into_iter().map(|url| format!("URL: {url}")));
    lines.push(format!("Fingerprint: {}", status.fingerprint));
    if let Some(code) = &status.claim_code {
        lines.push(format!("Claim code: {code}"));
    }
    if let Some(slot) = facts.slot {
        lines.push(format!("Slot: {slot}"));
    }
    lines.extend(facts.update.iter().filter_map(last_update));
    lines.join("\n") + "\n"
}

/// How the last update went, unless it went well.
fn last_update(report: &StatusReport) -> Option<String> {
    let last = report.last_trial.as_ref()?;
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match last.outcome {
        TrialOutcome::Committed => None,
        TrialOutcome::Failed => Some(format!(
            "Last update: {} failed: {}",
            last.version,
            one_line(&last.reason)
        )),
        TrialOutcome::RolledBack => Some(format!("Last update: {} was left", last.version)),
    }
}

/// Why there is no address, as far as that can be seen.
pub(super) fn no_address(facts: &Facts) -> String {
    match facts.cards.as_slice() {
        [] => "no network card was found".to_owned(),
        cards => format!("waiting for DHCP on {}", cards.join(", ")),
    }
}
