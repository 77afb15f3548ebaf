//! How the screen looks. Everything fits into 80 by 24.

use megh_model::update::StatusReport;
use ratatui::Frame;
use ratatui::style::{Modifier, Style as TextStyle};
use ratatui::text::{Line, Span, Text};

use super::facts::{Control, Facts};
use super::plain::no_address;
use super::state::{View, WORDS, can_go_back};
use super::update;
use crate::tui::draw::page;
use crate::tui::terminal::Style;

const BOLD: TextStyle = TextStyle::new().add_modifier(Modifier::BOLD);
/// More would push the claim code off the screen.
const MAX_URLS: usize = 4;
/// Half a fingerprint a line: 16 pairs with their colons.
const HALF_FINGERPRINT: usize = 16 * 3;

/// Draws what is shown.
pub fn draw(view: &View, facts: &Facts, style: Style, frame: &mut Frame<'_>) {
    let title = format!("{} {}", facts.product, facts.version);
    let (lines, keys) = match view {
        View::Status => return draw_status(facts, style, frame),
        View::Ask(typed) => (ask(facts, typed), "Enter go on   Esc back   Ctrl-L redraw"),
        View::GoingBack => (
            vec![
                Line::raw(""),
                Line::raw("The machine is about to restart ..."),
            ],
            "Ctrl-L redraw",
        ),
        View::Refused(reason) => {
            let mut lines = vec![
                Line::raw(""),
                Line::styled("The machine stays as it is:", BOLD),
                Line::raw(""),
            ];
            let told = reason.lines().map(|line| Line::raw(style.text(line)));
            lines.extend(told);
            (lines, "Enter back   Ctrl-L redraw")
        }
    };
    page(frame, style, &title, Text::from(lines), keys);
}

fn ask(facts: &Facts, typed: &str) -> Vec<Line<'static>> {
    let back = facts.update.as_ref().and_then(StatusReport::way_back);
    let version = back.and_then(|slot| slot.version.clone());
    let version = version.unwrap_or_else(|| "the other version".to_owned());
    let text = |text: &str| Line::raw(text.to_owned());
    vec![
        text(""),
        Line::styled(format!("Go back to {version}?"), BOLD),
        text(""),
        text("The machine restarts. Running instances are stopped and started again."),
        text("What was written by the newer version may be lost where the older one"),
        text("cannot read it; the machine says so afterwards."),
        text(""),
        Line::from(vec![
            Span::raw("Type the words "),
            Span::styled(WORDS, BOLD),
            Span::raw(" and press Enter: "),
            Span::styled(format!("{typed}_"), BOLD),
        ]),
    ]
}

fn draw_status(facts: &Facts, style: Style, frame: &mut Frame<'_>) {
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
    if let Some(report) = &facts.update {
        let told = update::lines(report);
        lines.extend(told.iter().map(|line| Line::raw(style.text(line))));
    }
    page(
        frame,
        style,
        &format!("{} {}", facts.product, facts.version),
        Text::from(lines),
        match can_go_back(facts) {
            true => "R go back to the other version   Ctrl-L redraw",
            false => "Ctrl-L redraw",
        },
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
    let other = facts.update.as_ref().and_then(update::other_slot);
    let other = other.map_or(String::new(), |other| format!("   {other}"));
    format!("Machine: {}{slot}{other}", facts.host_name)
}
