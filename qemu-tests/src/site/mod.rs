//! A web server for releases on this host, and worse ones: every lie that a
//! server can tell about a file.

mod request;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use request::Request;

/// This host's loopback as a machine with QEMU's user network sees it.
const HOST: &str = "10.0.2.2";
/// A stalling server keeps its connections open for so long.
const STALL: Duration = Duration::from_secs(600);
/// Bytes that are sent at once.
const PIECE: usize = 1 << 16;

/// How a server behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manners {
    /// As it should.
    #[default]
    Honest,
    /// It stops in each body after so many bytes, and keeps the connection.
    Stalls(u64),
    /// It closes the connection in each body after so many bytes.
    ClosesEarly(u64),
    /// It answers a request for a range with the file's beginning, and says
    /// that it is the range.
    LiesAboutRanges,
    /// It answers a request for a range with the whole file.
    IgnoresRanges,
    /// It sends more than it announced.
    SendsMore,
    /// It answers a request for a range with the range, and says that it is
    /// the one a byte further on.
    MisnamesRanges,
    /// It says that what it sends is compressed.
    SaysEncoded,
    /// It answers everything with this status.
    Answers(u16),
    /// It points to somewhere else; without a place, to where it was asked.
    Redirects(Option<&'static str>),
    /// After so many requests, everything comes from another folder.
    ChangesItsMind(usize, PathBuf),
    /// After so many requests for a range, everything comes from another folder.
    ChangesBetweenRanges(usize, PathBuf),
}

/// What was asked for and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The path, without the leading slash.
    pub path: String,
    /// The range that was asked for, first byte and the one after the last.
    pub range: Option<(u64, u64)>,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the body that were sent.
    pub bytes: u64,
}

/// A server at work. It ends when this is dropped.
#[derive(Debug)]
pub struct Site {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    manners: Mutex<Manners>,
    served: Mutex<Vec<Served>>,
    ended: AtomicBool,
}

impl Site {
    /// Serves the files below `root` to machines and to this host.
    pub fn serve(root: &Path, manners: Manners) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("listening on the loopback")?;
        let port = listener.local_addr().context("finding the port")?.port();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            manners: Mutex::new(manners),
            served: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Ok(Self { port, shared })
    }

    /// The address for machines.
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.port)
    }

    /// The port on this host's loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, manners: Manners) {
        *locked(&self.shared.manners) = manners;
    }

    /// Everything that was served so far.
    pub fn served(&self) -> Vec<Served> {
        locked(&self.shared.served).clone()
    }

    /// How many requests for a range were answered with one.
    pub fn ranges(&self) -> usize {
        let served = self.served();
        served.iter().filter(|one| one.status == 206).count()
    }

    /// Bytes of all bodies so far.
    pub fn bytes(&self) -> u64 {
        self.served().iter().map(|one| one.bytes).sum()
    }
}

impl Shared {
    /// Where files come from now.
    fn folder<'a>(&'a self, manners: &'a Manners) -> &'a Path {
        let served = locked(&self.served);
        let ranges = || served.iter().filter(|one| one.status == 206).count();
        match manners {
            Manners::ChangesItsMind(after, other) if served.len() >= *after => other,
            Manners::ChangesBetweenRanges(after, other) if ranges() >= *after => other,
            _ => &self.root,
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder panics")
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(stream) = stream {
            let shared = Arc::clone(shared);
            // A client that goes away is nothing to tell anybody.
            thread::spawn(move || drop(converse(&stream, &shared)));
        }
    }
}

/// Answers the requests of one connection.
fn converse(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        if !answer(stream, shared, &request)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Answers a request; whether the connection can go on.
fn answer(mut stream: &TcpStream, shared: &Shared, request: &Request) -> io::Result<bool> {
    let manners = locked(&shared.manners).clone();
    if let Some(head) = refusal(&manners, request) {
        note(shared, request, 0, 0);
        stream.write_all(head.as_bytes())?;
        return Ok(true);
    }
    let root = shared.folder(&manners);
    let Some((mut file, size)) = request.path_below(root).and_then(|path| open(&path)) else {
        note(shared, request, 404, 0);
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
        return Ok(true);
    };
    let range = request
        .range(size)
        .filter(|_| manners != Manners::IgnoresRanges);
    let (from, to) = range.unwrap_or((0, size));
    if from >= to && size > 0 {
        note(shared, request, 416, 0);
        stream.write_all(
            format!("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{size}\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        )?;
        return Ok(true);
    }
    let status = if range.is_some() { 206 } else { 200 };
    stream.write_all(head(&manners, status, from, to, size).as_bytes())?;
    let length = if request.is_head { 0 } else { to - from };
    let start = match manners {
        Manners::LiesAboutRanges => 0,
        _ => from,
    };
    file.seek(SeekFrom::Start(start))?;
    let (length, ends) = limited(&manners, length);
    let at = note(shared, request, status, 0);
    send(stream, &mut file, length, |bytes| {
        locked(&shared.served)[at].bytes += bytes;
    })?;
    if manners == Manners::SendsMore && !request.is_head {
        stream.write_all(&[b'x'; PIECE])?;
        return Ok(false);
    }
    if ends && matches!(manners, Manners::Stalls(_)) {
        thread::sleep(STALL);
    }
    Ok(!ends)
}

/// How much of a body is sent, and whether that is the end of it all.
fn limited(manners: &Manners, length: u64) -> (u64, bool) {
    match manners {
        Manners::Stalls(most) | Manners::ClosesEarly(most) if *most < length => (*most, true),
        _ => (length, false),
    }
}

fn head(manners: &Manners, status: u16, from: u64, to: u64, size: u64) -> String {
    let length = to - from;
    let off = u64::from(*manners == Manners::MisnamesRanges);
    let (reason, place) = match status {
        206 => (
            "Partial Content",
            format!(
                "Content-Range: bytes {}-{}/{size}\r\n",
                from + off,
                to - 1 + off
            ),
        ),
        _ => ("OK", String::new()),
    };
    let encoding = match manners {
        Manners::SaysEncoded => "Content-Encoding: gzip\r\n",
        _ => "",
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/octet-stream\r\n\
         Accept-Ranges: bytes\r\nContent-Length: {length}\r\n{place}{encoding}\r\n"
    )
}

/// The whole answer of a server that sends no file at all.
fn refusal(manners: &Manners, request: &Request) -> Option<String> {
    let head = match manners {
        Manners::Answers(status) => format!("HTTP/1.1 {status} Not Now"),
        Manners::Redirects(Some(to)) => format!("HTTP/1.1 302 Found\r\nLocation: {to}"),
        Manners::Redirects(None) => {
            format!("HTTP/1.1 302 Found\r\nLocation: /{}", request.path)
        }
        _ => return None,
    };
    Some(format!("{head}\r\nContent-Length: 0\r\n\r\n"))
}

fn open(path: &Path) -> Option<(File, u64)> {
    let file = File::open(path).ok()?;
    let meta = file.metadata().ok()?;
    meta.is_file().then_some((file, meta.len()))
}

fn note(shared: &Shared, request: &Request, status: u16, bytes: u64) -> usize {
    let mut served = locked(&shared.served);
    served.push(Served {
        path: request.path.clone(),
        range: request.wanted(),
        status,
        bytes,
    });
    served.len() - 1
}

fn send(
    mut stream: &TcpStream,
    file: &mut File,
    length: u64,
    mut sent: impl FnMut(u64),
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut left = length;
    while left > 0 {
        let piece = usize::try_from(left.min(PIECE as u64)).expect("a piece is small");
        file.read_exact(&mut buffer[..piece])?;
        stream.write_all(&buffer[..piece])?;
        sent(piece as u64);
        left -= piece as u64;
    }
    Ok(())
}
