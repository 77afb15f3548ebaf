//! How each state of the dialogue looks. Everything fits into 80 by 24.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::{Modifier, Style as TextStyle};
use ratatui::text::{Line, Span as TextSpan, Text};
use ratatui::widgets::{Block, Paragraph, Wrap};

use super::state::{Confirm, Disks, Enrol, Running, State};
use super::terminal::Style;
use crate::candidates::Candidate;
use crate::plan::purpose;
use crate::progress::{Phase, Span};
use megh_model::units::Bytes;

const BOLD: TextStyle = TextStyle::new().add_modifier(Modifier::BOLD);
const MARKED: TextStyle = TextStyle::new().add_modifier(Modifier::REVERSED);
const FAINT: TextStyle = TextStyle::new().add_modifier(Modifier::DIM);
/// Lines of the list that a disk takes.
const DISK_LINES: usize = 2;

/// Draws the dialogue.
pub fn draw(state: &State, style: Style, frame: &mut Frame<'_>) {
    match state {
        State::Looking => {
            let text = Text::from("Checking the release and looking for disks ...");
            page(frame, style, "MeghOS - Installation", text, "");
        }
        State::Disks(disks) => draw_disks(disks, style, frame),
        State::Enrol(enrol) => draw_enrol(enrol, style, frame),
        State::Confirm(confirm) => draw_confirm(confirm, style, frame),
        State::Running(running) => draw_running(running, style, frame),
        State::Done {
            version,
            seconds,
            warnings,
        } => draw_done(version, *seconds, warnings, style, frame),
        State::Failed {
            reason, age: true, ..
        } => draw_old(reason, style, frame),
        State::Failed { reason, wiped, .. } => draw_failed(reason, *wiped, style, frame),
    }
}

/// A box with a title, a text, and the keys below it.
pub(crate) fn page(frame: &mut Frame<'_>, style: Style, title: &str, text: Text<'_>, keys: &str) {
    let area = body(frame, style, title, keys);
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), area);
}

/// Draws box, title and keys; the area inside comes back.
pub(crate) fn body(frame: &mut Frame<'_>, style: Style, title: &str, keys: &str) -> Rect {
    let [top, bottom] =
        Layout::vertical([Constraint::Min(3), Constraint::Length(1)]).areas(frame.area());
    let title = Line::styled(format!(" {title} "), BOLD);
    let block = Block::bordered().border_set(style.border()).title(title);
    let inner = block.inner(top).inner(Margin::new(1, 0));
    frame.render_widget(block, top);
    frame.render_widget(Line::styled(format!(" {keys}"), BOLD), bottom);
    inner
}

fn draw_disks(disks: &Disks, style: Style, frame: &mut Frame<'_>) {
    let title = format!("MeghOS {} - Installation", disks.version);
    let keys = "Up/Down choose   Enter continue   R look again   Ctrl-L redraw";
    let area = body(frame, style, &title, keys);
    let [head, list, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(2),
        Constraint::Length(3),
    ])
    .areas(area);
    let question = match disks.candidates.is_empty() {
        true => "No disk was found. Connect one and press R.",
        false => "Which disk is MeghOS to go onto? Everything on it will be lost.",
    };
    frame.render_widget(Line::raw(question), head);
    let visible = (list.height as usize / DISK_LINES).max(1);
    let first = (disks.selected + 1).saturating_sub(visible);
    let rows = disks
        .candidates
        .iter()
        .enumerate()
        .skip(first)
        .take(visible);
    let width = list.width as usize;
    let lines: Vec<Line<'_>> = rows
        .flat_map(|(n, c)| disk_lines(c, n == disks.selected, width))
        .collect();
    frame.render_widget(Text::from(lines), list);
    if let Some(message) = &disks.message {
        frame.render_widget(
            Paragraph::new(message.as_str())
                .style(BOLD)
                .wrap(Wrap { trim: true }),
            foot,
        );
    }
}

/// Name, size, model and serial number; below it what is on the disk, or why
/// it cannot be had.
fn disk_lines(candidate: &Candidate, selected: bool, width: usize) -> [Line<'static>; DISK_LINES] {
    let disk = &candidate.disk;
    let model = disk.model.as_deref().unwrap_or("(no model name)");
    let serial = disk.serial.as_deref().unwrap_or("(none)");
    let bus = disk.bus.as_deref().unwrap_or("");
    let marker = if selected { ">" } else { " " };
    let size = disk.size.to_string();
    let first = format!(
        "{marker} {:<8} {size:>10}  {model}, serial {serial}  {bus}",
        disk.name
    );
    let second = match &candidate.verdict {
        Ok(_) => format!("             holds: {}", disk.contents),
        Err(refusal) => format!("             cannot be used: {refusal}"),
    };
    let style = match (&candidate.verdict, selected) {
        (_, true) => MARKED,
        (Ok(_), false) => TextStyle::new(),
        (Err(_), false) => FAINT,
    };
    [first, second].map(|text| Line::styled(fit(&text, width), style))
}

/// Cut or filled to `width`.
fn fit(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned() + &" ".repeat(width - count);
    }
    text.chars()
        .take(width.saturating_sub(3))
        .chain("...".chars())
        .collect()
}

fn draw_enrol(enrol: &Enrol, style: Style, frame: &mut Frame<'_>) {
    let answer = |yes: bool, text: &str| {
        let (marker, style) = match enrol.is_yes() == yes {
            true => (">", MARKED),
            false => (" ", TextStyle::new()),
        };
        Line::styled(format!("{marker} {text}"), style)
    };
    let lines = vec![
        Line::raw("This machine's firmware is in setup mode: it has no Secure Boot keys and"),
        Line::raw("takes new ones. Is it to get the keys of this release?"),
        Line::raw(""),
        answer(
            false,
            "No    leave the firmware as it is: Secure Boot stays off",
        ),
        answer(
            true,
            "Yes   from the next start on, it starts MeghOS and nothing else",
        ),
        Line::raw(""),
        Line::raw("With Yes:"),
        Line::raw("- No other system and no other medium starts on this machine, until the"),
        Line::raw("  keys are cleared in the firmware's own menu. Updates need nothing more."),
        Line::raw("- Vendors' keys are not among them. An expansion card whose own firmware"),
        Line::raw("  only its vendor has signed (graphics, some network cards) does not work"),
        Line::raw("  before the system has started. If this machine has one, take No."),
        Line::raw(""),
        Line::raw("The keys are written last, after the installation."),
    ];
    page(
        frame,
        style,
        "MeghOS - Secure Boot",
        Text::from(lines),
        "Up/Down choose   Enter continue   Esc back to the disks",
    );
}

fn draw_confirm(confirm: &Confirm, style: Style, frame: &mut Frame<'_>) {
    let plan = &confirm.plan;
    let mut lines = vec![
        Line::raw(format!("MeghOS {} goes onto", plan.version)),
        Line::styled(format!("  {}", plan.disk), BOLD),
        Line::raw(format!("Everything on it will be lost: {}", plan.loses)),
        Line::raw(""),
    ];
    lines.extend(plan.layout.partitions.iter().map(|p| {
        let size = p.size.to_string();
        Line::raw(format!(
            "  {} {:<10} {size:>10}   {}",
            p.role.number(),
            p.role,
            purpose(p.role)
        ))
    }));
    lines.push(Line::raw(""));
    lines.push(Line::raw(format!(
        "The machine's name will be {}.",
        plan.host_name
    )));
    if plan.enrol_secure_boot {
        lines.push(Line::raw(
            "Its firmware gets the Secure Boot keys of this release, and no others.",
        ));
    }
    lines.push(Line::raw(""));
    let wrong = if confirm.wrong {
        "  That is not it; try again."
    } else {
        ""
    };
    lines.push(Line::from(vec![
        TextSpan::raw("To erase this disk, type "),
        TextSpan::styled(plan.confirmation.clone(), BOLD),
        TextSpan::raw(format!(" and press Enter: {}_{wrong}", confirm.typed)),
    ]));
    page(
        frame,
        style,
        "MeghOS - Confirm",
        Text::from(lines),
        "Enter install   Esc back",
    );
}

fn draw_running(running: &Running, style: Style, frame: &mut Frame<'_>) {
    let (phase, bytes, total, rate, eta) =
        running.progress.unwrap_or((Phase::Verify, 0, 0, 0, None));
    let mut lines = vec![Line::raw(running.plan.disk.clone()), Line::raw("")];
    for each in Phase::ALL {
        let mark = match each.cmp(&phase) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => " >> ",
            std::cmp::Ordering::Greater => "    ",
        };
        let text_style = if each == phase {
            BOLD
        } else {
            TextStyle::new()
        };
        lines.push(Line::styled(format!("  {mark}  {each}"), text_style));
    }
    let percent = bytes * 100 / total.max(1);
    lines.push(Line::raw(""));
    lines.push(Line::raw(format!(
        "  {} {percent:>3} %",
        style.bar(bytes, total, 60)
    )));
    lines.push(Line::raw(match eta {
        Some(eta) => format!(
            "  {} of {}, {}/s, {} left",
            Bytes(bytes),
            Bytes(total),
            Bytes(rate),
            Span(eta)
        ),
        None => String::new(),
    }));
    lines.extend(notes(&running.warnings));
    page(
        frame,
        style,
        "MeghOS - Installing",
        Text::from(lines),
        "Please wait. The disk does not start before the end.",
    );
}

/// What a person should know, though it stopped nothing.
fn notes(warnings: &[String]) -> impl Iterator<Item = Line<'static>> {
    let note = |warning| Line::raw(format!("Note: {warning}"));
    warnings.iter().map(note)
}

fn draw_done(
    version: &str,
    seconds: u64,
    warnings: &[String],
    style: Style,
    frame: &mut Frame<'_>,
) {
    let mut lines = vec![
        Line::styled(format!("MeghOS {version} is installed."), BOLD),
        Line::raw(format!("It took {}.", Span(seconds))),
        Line::raw(""),
        Line::raw("1. Remove the installation medium."),
        Line::raw("2. Press Enter to restart."),
        Line::raw("3. The screen will then show the address to open in a browser, the"),
        Line::raw("   fingerprint to compare, and the code to claim this machine with."),
        Line::raw(""),
    ];
    lines.extend(notes(warnings));
    page(
        frame,
        style,
        "MeghOS - Installed",
        Text::from(lines),
        "Enter restart   P switch off",
    );
}

fn draw_failed(reason: &str, wiped: bool, style: Style, frame: &mut Frame<'_>) {
    let state = match wiped {
        true => "The disk was wiped and does not start.",
        false => "Nothing was written to the disk.",
    };
    let lines = vec![
        Line::styled("The installation failed.", BOLD),
        Line::raw(""),
        Line::raw(reason.to_owned()),
        Line::raw(""),
        Line::raw(state),
    ];
    page(
        frame,
        style,
        "MeghOS - Failed",
        Text::from(lines),
        "Enter choose a disk again   R restart   P switch off",
    );
}

fn draw_old(reason: &str, style: Style, frame: &mut Frame<'_>) {
    let lines = vec![
        Line::styled("This release is old.", BOLD),
        Line::raw(""),
        Line::raw(reason.to_owned()),
        Line::raw(""),
        Line::raw("It may lack repairs of faults that are known by now. A newer medium is"),
        Line::raw("better. If this one is meant, update the machine soon after."),
    ];
    page(
        frame,
        style,
        "MeghOS - Old release",
        Text::from(lines),
        "A install it all the same   R restart   P switch off",
    );
}
