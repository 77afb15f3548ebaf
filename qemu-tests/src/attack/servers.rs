//! Servers that do not serve as they should.

use megh_model::release::PartKind;

use super::draft::{Draft, OFFERED, part};
use super::{Attack, Server, on};
use crate::site::Manners;

/// More than any document has, less than the root, and too little for the updater
/// to go on from there again and again.
const INSIDE_THE_ROOT: u64 = 30_000;

fn bad(name: &'static str, code: &'static str, manners: Manners) -> Attack {
    Attack {
        server: Server::Bad(manners),
        ..on(name, code, |_| {})
    }
}

/// A root a few bytes longer than the machine was told.
fn longer(draft: &mut Draft) {
    draft.spoil(&part(OFFERED, PartKind::Root), |bytes| bytes.extend([7; 9]));
}

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Attack> {
    vec![
        bad("server that closes early", "closed-early", Manners::ClosesEarly(INSIDE_THE_ROOT)),
        Attack { lay: Draft::chunk, ..bad("server that lies about ranges", "chunk-damaged", Manners::LiesAboutRanges) },
        Attack { lay: Draft::chunk, ..bad("server that names other ranges", "range-wrong", Manners::MisnamesRanges) },
        bad("server that says it compresses", "encoded", Manners::SaysEncoded),
        bad("server that refuses", "server-status", Manners::Answers(403)),
        bad("server that fails", "server-status", Manners::Answers(503)),
        bad("server that points to itself", "redirect-loop", Manners::Redirects(None)),
        bad("server that points off the web", "redirect-refused", Manners::Redirects(Some("ftp://192.0.2.1/root.json"))),
        Attack { server: Server::Absent, ..on("no server", "unreachable", |_| {}) },
        Attack { server: Server::AnotherSite(3, |_| {}), ..on("another site between index and signature", "index-signature-wrong", |_| {}) },
        Attack { server: Server::AnotherSite(4, |_| {}), ..on("another release behind the index", "manifest-not-listed", |_| {}) },
        Attack { lay: Draft::chunk, server: Server::AnotherSiteBetweenRanges(1, |_| {}), ..on("another release between two ranges", "chunk-damaged", Draft::chunk) },
        Attack { lay: Draft::chunk, server: Server::AnotherSiteBetweenRanges(1, longer), ..on("a longer root between two ranges", "changed-midway", Draft::chunk) },
    ]
}

/// The updater waits long for a server that sends nothing.
pub(super) fn stalling() -> Attack {
    bad(
        "server that stalls",
        "stalled",
        Manners::Stalls(INSIDE_THE_ROOT),
    )
}
