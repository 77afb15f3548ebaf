use std::time::{Duration, Instant};

use super::*;
use crate::fetch::testing::{Files, Request, Server, Step, head};

const FILE: &str = "0.2.0/root.img";

fn content() -> Vec<u8> {
    (0..300_000u32).map(|at| (at % 251) as u8).collect()
}

fn files() -> Files {
    Files::new(&[(FILE, &content())])
}

fn range(source: &HttpSource, from: u64, len: u64) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    source.read_range(FILE, from, len, &mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

fn whole(source: &HttpSource, size: u64) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    source.read_whole(FILE, size, &mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

/// The code with which a range of a server is refused that answers like this.
fn refused(handler: impl Fn(&Request, usize) -> Vec<Step> + Send + Sync + 'static) -> &'static str {
    let server = Server::start(handler);
    range(&server.source(), 10, 100).unwrap_err().code()
}

/// One answer to everything. A whole one leaves the connection open: who closes one
/// unannounced races with the request that follows on it.
fn sends(status: &str, headers: &[&str], body: usize, announced: usize) -> Vec<Step> {
    let mut bytes = head(status, headers, announced);
    bytes.resize(bytes.len() + body, 7);
    let mut steps = vec![Step::Send(bytes)];
    if body < announced {
        steps.push(Step::Close);
    }
    steps
}

const PARTIAL: &str = "206 Partial Content";

#[test]
fn an_honest_server_serves_everything_over_one_connection() {
    let server = Server::honest(&[(FILE, &content()), ("index.json", b"{}")]);
    let source = server.source();
    assert_eq!(source.read_small("index.json", 2).unwrap(), b"{}");
    assert_eq!(range(&source, 10, 100).unwrap(), content()[10..110]);
    assert_eq!(range(&source, 299_999, 1).unwrap(), content()[299_999..]);
    assert_eq!(range(&source, 10, 0).unwrap(), b"");
    assert_eq!(whole(&source, 300_000).unwrap(), content());
    assert_eq!(server.requests()[1].range, Some((10, 109)));
    assert_eq!(source.describe(), server.url("/"));
}

#[test]
fn absent_files_and_paths_that_lead_away() {
    let server = Server::honest(&[]);
    let source = server.source();
    assert_eq!(source.read_small("x", 9).unwrap_err().code(), "not-found");
    for bad in ["../x", "/x", "http://other.example/x", "a//b", "x?y"] {
        assert_eq!(source.read_small(bad, 9).unwrap_err().code(), "bad-path");
    }
    assert_eq!(server.requests().len(), 1);
}

/// Code, status, headers, and length of answers to bytes 10 to 109 of 300,000.
const LIES: &[(&str, &str, &[&str], usize)] = &[
    ("range-ignored", "200 OK", &[], 300_000),
    ("range-wrong", PARTIAL, &[], 100),
    (
        "range-wrong",
        PARTIAL,
        &["Content-Range: bytes 0-99/300000"],
        100,
    ),
    (
        "range-wrong",
        PARTIAL,
        &["Content-Range: bytes 10-108/300000"],
        99,
    ),
    (
        "range-wrong",
        PARTIAL,
        &["Content-Range: bytes 10-110/300000"],
        101,
    ),
    (
        "range-wrong",
        PARTIAL,
        &["Content-Range: bytes 10-109/50"],
        100,
    ),
    (
        "range-wrong",
        PARTIAL,
        &["Content-Range: bytes 10-109/*"],
        100,
    ),
    (
        "range-wrong",
        PARTIAL,
        &["Content-Range: bytes +10-109/300000"],
        100,
    ),
    (
        "range-wrong",
        PARTIAL,
        &["Content-Range: 10-109/300000"],
        100,
    ),
    ("range-wrong", PARTIAL, &[RANGE], 101),
    ("range-wrong", PARTIAL, &[RANGE], 99),
    ("range-wrong", "416 Range Not Satisfiable", &[], 0),
    ("server-status", "403 Forbidden", &[], 0),
    ("server-status", "503 Service Unavailable", &[], 0),
    ("not-found", "410 Gone", &[], 0),
    ("encoded", PARTIAL, &[RANGE, "Content-Encoding: gzip"], 100),
];
const RANGE: &str = "Content-Range: bytes 10-109/300000";

#[test]
fn lies_about_ranges() {
    for (code, status, headers, length) in LIES.iter().copied() {
        let answer = sends(status, headers, length, length);
        assert_eq!(
            refused(move |_, _| answer.clone()),
            code,
            "{status} {headers:?}"
        );
    }
}

#[test]
fn bodies_of_the_wrong_length() {
    let range = "Content-Range: bytes 10-109/300000";
    let short = sends(PARTIAL, &[range], 60, 100);
    assert_eq!(refused(move |_, _| short.clone()), "range-wrong");
    let chunked = |sizes: &[usize], end: &str| {
        let mut bytes =
            format!("HTTP/1.1 {PARTIAL}\r\n{range}\r\nTransfer-Encoding: chunked\r\n\r\n")
                .into_bytes();
        for size in sizes {
            bytes.extend(format!("{size:x}\r\n").bytes());
            bytes.resize(bytes.len() + size, 7);
            bytes.extend(b"\r\n");
        }
        bytes.extend(end.bytes());
        vec![Step::Send(bytes), Step::Close]
    };
    let long = chunked(&[100, 1], "0\r\n\r\n");
    assert_eq!(refused(move |_, _| long.clone()), "too-long");
    let short = chunked(&[99], "0\r\n\r\n");
    assert_eq!(refused(move |_, _| short.clone()), "too-short");
}

#[test]
fn a_server_that_closes_early_is_asked_for_the_rest_and_given_up_when_nothing_comes() {
    let files = files();
    let server = Server::start(move |request, number| {
        let mut steps = files.answer(request);
        if let (Step::Send(bytes), true) = (&mut steps[0], number < 2) {
            bytes.truncate(bytes.len() - 50_000);
            steps.push(Step::Close);
        }
        steps
    });
    assert_eq!(whole(&server.source(), 300_000).unwrap(), content());
    let ranges: Vec<_> = server.requests().iter().map(|r| r.range).collect();
    assert_eq!(
        ranges,
        [None, Some((250_000, 299_999)), Some((250_000, 299_999))]
    );

    let answer = sends(PARTIAL, &["Content-Range: bytes 10-109/300000"], 0, 100);
    let server = Server::start(move |_, _| answer.clone());
    let error = range(&server.source(), 10, 100).unwrap_err();
    assert_eq!((error.code(), server.requests().len()), ("closed-early", 3));
}

#[test]
fn a_server_that_stalls_or_trickles_is_given_up() {
    let head = head(PARTIAL, &["Content-Range: bytes 10-109/300000"], 100);
    let wait = Step::Wait(Duration::from_secs(60));
    let mut trickle = vec![Step::Send(head.clone())];
    for _ in 0..100 {
        trickle.extend([Step::Wait(Duration::from_millis(50)), Step::Send(vec![7])]);
    }
    for steps in [vec![wait.clone()], vec![Step::Send(head), wait], trickle] {
        let server = Server::start(move |_, _| steps.clone());
        let begun = Instant::now();
        let error = range(&server.hasty_source(), 10, 100).unwrap_err();
        assert_eq!(error.code(), "stalled");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}

#[test]
fn a_file_replaced_midway_is_noticed() {
    for (etag, total) in [("two", 300_000), ("one", 300_001)] {
        let files = files();
        let server = Server::start(move |request, number| match number {
            0 => files.answer(request),
            _ => {
                let etag = format!("ETag: \"{etag}\"");
                let range = format!("Content-Range: bytes 200-299/{total}");
                sends(PARTIAL, &[&etag, &range], 100, 100)
            }
        });
        let source = server.source();
        assert_eq!(range(&source, 0, 100).unwrap(), content()[..100]);
        let error = range(&source, 200, 100).unwrap_err();
        assert_eq!(error.code(), "changed-midway", "{etag} {total}");
    }
}

#[test]
fn small_files_are_small() {
    let long = Server::honest(&[("index.json", &[b'x'; 2000])]);
    let error = long.source().read_small("index.json", 1999).unwrap_err();
    assert_eq!(error.code(), "too-long");
    let endless = Server::start(|_, _| {
        let mut steps = vec![Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())];
        steps.extend(std::iter::repeat_n(Step::Send(vec![b'x'; 1000]), 10_000));
        steps
    });
    let error = endless.source().read_small("index.json", 5000).unwrap_err();
    assert_eq!(error.code(), "too-long");
}

#[test]
fn a_document_that_breaks_off_is_fetched_anew() {
    let files = Files::new(&[("index.json", &[b'x'; 2000])]);
    let server = Server::start(move |request, number| {
        let mut steps = files.answer(request);
        if let (Step::Send(bytes), 0) = (&mut steps[0], number) {
            bytes.truncate(1000);
            steps.push(Step::Close);
        }
        steps
    });
    let bytes = server.source().read_small("index.json", 2000).unwrap();
    assert_eq!(bytes, [b'x'; 2000]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn whole_files_have_their_size() {
    let server = Server::honest(&[(FILE, &content())]);
    let source = server.source();
    assert_eq!(whole(&source, 299_999).unwrap_err().code(), "too-long");
    assert_eq!(whole(&source, 300_001).unwrap_err().code(), "too-short");
}

#[test]
fn redirects_are_followed_a_few_times_and_never_away_from_the_web() {
    let to = |to: String| {
        move |_: &Request, _: usize| sends("302 Found", &[&format!("Location: {to}")], 0, 0)
    };
    assert_eq!(refused(to("/elsewhere".to_owned())), "redirect-loop");
    assert_eq!(
        refused(to("ftp://m.example/x".to_owned())),
        "redirect-refused"
    );
    let target = Server::honest(&[(FILE, &content())]);
    let server = Server::start(to(target.url(&format!("/{FILE}"))));
    assert_eq!(
        range(&server.source(), 10, 100).unwrap(),
        content()[10..110]
    );
}

#[test]
fn nobody_there() {
    let patience = Patience {
        tries: 2,
        pause: Duration::from_millis(1),
        ..Patience::default()
    };
    let source = HttpSource::with_patience("http://127.0.0.1:1/", None, patience).unwrap();
    assert_eq!(range(&source, 0, 1).unwrap_err().code(), "unreachable");
}

#[test]
fn the_bandwidth_limit_holds() {
    let server = Server::honest(&[(FILE, &content())]);
    let source = HttpSource::new(&server.url("/"), Some(300_000)).unwrap();
    let begun = Instant::now();
    whole(&source, 300_000).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert!((0.6..3.0).contains(&seconds), "{seconds}");
}

#[test]
fn an_error_of_the_sink_ends_it() {
    let server = Server::honest(&[(FILE, &content())]);
    let full = |_: &[u8]| Err(std::io::ErrorKind::StorageFull.into());
    let result = server.source().read_whole(FILE, 300_000, &mut { full });
    assert_eq!(result.unwrap_err().code(), "target-failed");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn passwords_are_not_shown() {
    let source = HttpSource::new("https://me:secret@m.example/os", None).unwrap();
    assert_eq!(source.describe(), "https://me@m.example/os/");
}
