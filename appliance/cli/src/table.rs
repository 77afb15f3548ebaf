//! Answers for people.

use std::time::{SystemTime, UNIX_EPOCH};

/// Prints rows under a heading, in columns.
pub(crate) fn print<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    for line in lines(heading, rows) {
        println!("{line}");
    }
}

fn lines<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let mut widths = heading.map(|text| text.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded: Vec<_> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let body = rows
        .iter()
        .map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(heading)).chain(body).collect()
}

/// Prints names and values, one pair a line.
pub(crate) fn pairs(pairs: &[(&str, String)]) {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs {
        println!("{name:<width$}  {value}");
    }
}

/// How long ago a time was.
pub(crate) fn ago(millis: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64);
    let seconds = (now - millis).max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["web-1".to_owned(), "running".to_owned()],
            ["a".to_owned(), "stopped".to_owned()],
        ];
        assert_eq!(
            lines(["NAME", "STATUS"], &rows),
            ["NAME   STATUS", "web-1  running", "a      stopped"]
        );
    }
}
