//! How the screen looks. Everything fits into 80 by 24.

use ratatui::Frame;
use ratatui::style::{Modifier, Style as TextStyle};
use ratatui::text::{Line, Span, Text};

use super::facts::{Control, Facts};
use super::plain::no_address;
use crate::tui::draw::page;
use crate::tui::terminal::Style;

const BOLD: TextStyle = TextStyle::new().add_modifier(Modifier::BOLD);
/// More would push the claim code off the screen.
const MAX_URLS: usize = 4;
/// Half a fingerprint a line: 16 pairs with their colons.
const HALF_FINGERPRINT: usize = 16 * 3;

/// Draws the screen.
pub fn draw(facts: &Facts, style: Style, frame: &mut Frame<'_>) {
    let mut lines = vec![Line::raw("")];
    match &facts.control {
        Control::Starting => lines.push(Line::raw("The control plane is starting ...")),
        Control::Dead => {
            lines.push(Line::styled(
                "The control plane does not run. It will be restarted.",
                BOLD,
            ));
            lines.push(Line::raw("Instances that run go on running."));
        }
        Control::Running(status) => {
            lines.push(Line::raw("Open one of these addresses in a browser:"));
            lines.push(Line::raw(""));
            lines.extend(urls(facts));
            lines.push(Line::raw(""));
            lines.push(Line::raw(
                "and compare the certificate's SHA-256 fingerprint:",
            ));
            lines.push(Line::raw(""));
            let half = status.fingerprint.len().min(HALF_FINGERPRINT);
            for part in [&status.fingerprint[..half], &status.fingerprint[half..]] {
                lines.push(Line::styled(format!("    {part}"), BOLD));
            }
            lines.push(Line::raw(""));
            lines.extend(claim(status.claim_code.as_deref()));
        }
    }
    lines.push(Line::raw(""));
    lines.push(Line::raw(machine(facts)));
    page(
        frame,
        style,
        &format!("{} {}", facts.product, facts.version),
        Text::from(lines),
        "Ctrl-L redraw",
    );
}

fn urls(facts: &Facts) -> Vec<Line<'static>> {
    if facts.addresses.is_empty() {
        return vec![Line::styled(
            format!("    none yet: {}", no_address(facts)),
            BOLD,
        )];
    }
    let url = |url: String| Line::styled(format!("    {url}"), BOLD);
    facts.urls().into_iter().take(MAX_URLS).map(url).collect()
}

fn claim(code: Option<&str>) -> Vec<Line<'static>> {
    match code {
        None => vec![Line::raw("This machine is claimed.")],
        Some(code) => vec![Line::from(vec![
            Span::raw("This machine is not claimed yet. Its claim code: "),
            Span::styled(code.to_owned(), BOLD),
        ])],
    }
}

fn machine(facts: &Facts) -> String {
    let slot = facts
        .slot
        .map_or(String::new(), |slot| format!("   Slot: {slot}"));
    format!("Machine: {}{slot}", facts.host_name)
}
