use std::fs;
use std::io::Cursor;

use super::*;

/// A site with one file of 10,000 bytes, each the low byte of its place.
fn site(manners: Manners) -> (tempfile::TempDir, Site) {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir(dir.path().join("1.0.0")).expect("made");
    fs::write(dir.path().join("1.0.0/root.img"), content()).expect("written");
    fs::write(dir.path().join("stable.json"), "{}").expect("written");
    let site = Site::serve(dir.path(), manners).expect("serves");
    (dir, site)
}

fn content() -> Vec<u8> {
    (0..10_000_u32).map(|at| at.to_le_bytes()[0]).collect()
}

/// The head and the body that come back; a body may be cut off.
fn get(site: &Site, path: &str, range: Option<&str>) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", site.port())).expect("connects");
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .expect("set");
    let range = range.map_or(String::new(), |range| format!("Range: bytes={range}\r\n"));
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: x\r\n{range}\r\n").expect("sent");
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head");
    let body = bytes.split_off(end + 4);
    (String::from_utf8(bytes).expect("text"), body)
}

#[test]
fn files_and_ranges_are_served_and_counted() {
    let (_dir, site) = site(Manners::Honest);
    let (head, body) = get(&site, "1.0.0/root.img", None);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, content());
    let (head, body) = get(&site, "1.0.0/root.img", Some("256-511"));
    assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
    assert!(
        head.contains("Content-Range: bytes 256-511/10000\r\n"),
        "{head}"
    );
    assert_eq!(body, &content()[256..512]);
    assert_eq!(get(&site, "1.0.0/root.img", Some("9999-")).1.len(), 1);
    assert!(
        get(&site, "1.0.0/root.img", Some("10000-"))
            .0
            .contains(" 416 ")
    );
    assert!(get(&site, "1.0.0", None).0.contains(" 404 "));
    assert!(get(&site, "../etc/passwd", None).0.contains(" 404 "));
    assert_eq!(site.bytes(), 10_000 + 256 + 1);
    let second = &site.served()[1];
    assert_eq!((second.range, second.status), (Some((256, 512)), 206));
}

#[test]
fn bad_manners_are_what_they_are_called() {
    let (_dir, site) = site(Manners::ClosesEarly(100));
    let file = "1.0.0/root.img";
    assert_eq!(get(&site, file, None).1.len(), 100);
    site.behave(Manners::Stalls(50));
    assert_eq!(get(&site, file, Some("5-999")).1, &content()[5..55]);
    site.behave(Manners::LiesAboutRanges);
    let (head, body) = get(&site, file, Some("5-9"));
    assert!(head.contains("bytes 5-9/10000"), "{head}");
    assert_eq!(body, &content()[..5]);
    site.behave(Manners::IgnoresRanges);
    let (head, body) = get(&site, file, Some("5-9"));
    assert!(head.contains(" 200 ") && body.len() == 10_000, "{head}");
    site.behave(Manners::SendsMore);
    assert!(get(&site, file, Some("5-9")).1.len() > 5);
    site.behave(Manners::MisnamesRanges);
    let (head, body) = get(&site, file, Some("5-9"));
    assert!(head.contains("bytes 6-10/10000"), "{head}");
    assert_eq!(body, &content()[5..10]);
    site.behave(Manners::SaysEncoded);
    assert!(get(&site, file, None).0.contains("Content-Encoding: gzip"));
    site.behave(Manners::Answers(403));
    assert!(get(&site, file, None).0.starts_with("HTTP/1.1 403 "));
    site.behave(Manners::Redirects(None));
    let (head, _) = get(&site, file, None);
    assert!(head.contains("Location: /1.0.0/root.img\r\n"), "{head}");
}

#[test]
fn a_server_serves_something_else_midway() {
    let (dir, site) = site(Manners::Honest);
    let file = "1.0.0/root.img";
    let other = dir.path().join("other");
    fs::create_dir_all(other.join("1.0.0")).expect("made");
    fs::write(other.join(file), "other").expect("written");
    let so_far = site.served().len();
    site.behave(Manners::ChangesItsMind(so_far + 1, other.clone()));
    assert_eq!(get(&site, file, None).1.len(), 10_000);
    assert_eq!(get(&site, file, None).1, b"other");
    site.behave(Manners::ChangesBetweenRanges(site.ranges() + 1, other));
    assert_eq!(get(&site, file, None).1.len(), 10_000);
    assert_eq!(get(&site, file, Some("0-4")).1, &content()[..5]);
    assert_eq!(get(&site, file, Some("0-4")).1, b"other");
}

#[test]
fn requests_are_read_one_after_the_other() {
    let text = "GET /a HTTP/1.1\r\nrange: bytes=1-2\r\n\r\nHEAD /b/c HTTP/1.1\r\n\r\nPOST /d HTTP/1.1\r\n\r\n";
    let mut reader = Cursor::new(text);
    let mut next = || Request::read(&mut reader).expect("read");
    let first = next().expect("a request");
    assert_eq!((first.path.as_str(), first.range(9)), ("a", Some((1, 3))));
    let second = next().expect("a request");
    assert!(second.is_head && second.range(9).is_none());
    assert_eq!(next(), None);
}
