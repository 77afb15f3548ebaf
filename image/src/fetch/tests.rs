use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex as StdMutex};
use std::thread;

use sha2::{Digest, Sha256};

use super::*;
use crate::lock::Archive;

const CONTENT: &[u8] = b"the content of a package";

fn package(content: &[u8]) -> Package {
    Package {
        group: "system".to_owned(),
        name: "x".to_owned(),
        version: "1".to_owned(),
        arch: "all".to_owned(),
        size: content.len() as u64,
        sha256: hex::encode(Sha256::digest(content)),
        archive: Archive::Debian,
        path: "pool/x_1_all.deb".to_owned(),
    }
}

/// A server that answers ranges, or "not found" when it has nothing. Returns
/// the ranges it was asked for.
fn serve(content: Option<&'static [u8]>) -> (Mirror, Arc<StdMutex<Vec<usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(StdMutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let from = answer(&mut stream.unwrap(), content);
            log.lock().unwrap().push(from);
        }
    });
    let mirror = Mirror::from_sites(&format!("http://{address}/debian")).unwrap();
    (mirror, asked)
}

fn answer(stream: &mut TcpStream, content: Option<&[u8]>) -> usize {
    let mut from = 0;
    for line in BufReader::new(Read::by_ref(stream)).lines() {
        let line = line.unwrap().to_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let (status, body) = match content {
        Some(content) => ("206 Partial Content", &content[from..]),
        None => ("404 Not Found", &b""[..]),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    from
}

#[test]
fn an_interrupted_download_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let debs = Debs::new(dir.path()).unwrap();
    let package = package(CONTENT);
    fs::write(debs.path(&package).with_extension("partial"), &CONTENT[..7]).unwrap();
    let (mirror, asked) = serve(Some(CONTENT));
    debs.ensure(&[&package], || Ok(mirror)).unwrap();
    assert_eq!(fs::read(debs.path(&package)).unwrap(), CONTENT);
    assert_eq!(*asked.lock().unwrap(), [7]);
}

#[test]
fn what_is_in_the_cache_is_not_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let debs = Debs::new(dir.path()).unwrap();
    let package = package(CONTENT);
    fs::write(debs.path(&package), CONTENT).unwrap();
    debs.ensure(&[&package], || panic!("asked for a mirror"))
        .unwrap();
}

#[test]
fn a_damaged_file_in_the_cache_is_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    let debs = Debs::new(dir.path()).unwrap();
    let package = package(CONTENT);
    fs::write(debs.path(&package), &CONTENT[1..]).unwrap();
    let (mirror, _) = serve(Some(CONTENT));
    debs.ensure(&[&package], || Ok(mirror)).unwrap();
    assert_eq!(fs::read(debs.path(&package)).unwrap(), CONTENT);
}

#[test]
fn a_package_that_left_the_mirror_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let debs = Debs::new(dir.path()).unwrap();
    let (mirror, _) = serve(None);
    let error = debs
        .ensure(&[&package(CONTENT)], || Ok(mirror))
        .unwrap_err();
    match error.downcast_ref::<FetchError>() {
        Some(FetchError::Gone { name, .. }) => assert_eq!(name, "x"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_content_is_refused_and_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let debs = Debs::new(dir.path()).unwrap();
    let package = package(CONTENT);
    let (mirror, _) = serve(Some(b"another content, as long"));
    let error = debs.ensure(&[&package], || Ok(mirror)).unwrap_err();
    assert!(
        matches!(
            error.downcast_ref::<FetchError>(),
            Some(FetchError::Content { .. })
        ),
        "{error:#}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
