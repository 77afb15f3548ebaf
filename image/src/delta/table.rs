//! The comparison as a table that documents can take over.

use std::fmt::Write;

use megh_model::release::PartKind;

use super::{Comparison, Moved};

/// Parts that have a column; the others share one.
const COLUMNS: [PartKind; 4] = [
    PartKind::Root,
    PartKind::Kernel,
    PartKind::Initrd,
    PartKind::Uki,
];

/// A table in Markdown; sizes in megabytes of 1,000,000 bytes.
pub fn table(comparison: &Comparison) -> String {
    let mut text = String::from(
        "| method | fetched | of the release | root | kernel | initrd | UKI | others | index | requests |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    let full = comparison.full;
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "| everything | {} MB | 100 % | | | | | | | |",
        mega(full)
    );
    for moved in &comparison.methods {
        row(&mut text, moved, full);
    }
    if let Some(packages) = comparison.changed_packages {
        let _ = writeln!(
            text,
            "\nThe changed packages are {} MB in Debian's archive.",
            mega(packages)
        );
    }
    text
}

fn row(text: &mut String, moved: &Moved, full: u64) {
    let column = |kind| moved.parts.get(&kind).copied().unwrap_or_default();
    let shown: u64 = COLUMNS.into_iter().map(column).sum();
    let others = moved.total - moved.index - shown;
    let percent = moved.total as f64 * 100.0 / full as f64;
    let _ = write!(
        text,
        "| {} | {} MB | {percent:.1} % |",
        moved.method,
        mega(moved.total)
    );
    for bytes in COLUMNS.map(column).into_iter().chain([others, moved.index]) {
        let _ = write!(text, " {} |", mega(bytes));
    }
    let _ = writeln!(text, " {} |", moved.requests);
}

fn mega(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}
