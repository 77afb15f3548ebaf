//! A web server that does what a test tells it, on a real socket.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{HttpSource, Patience};

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// Path, with its leading `/`.
    pub(super) path: String,
    /// First and last byte asked for.
    pub(super) range: Option<(u64, u64)>,
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    Close,
}

type Handler = dyn Fn(&Request, usize) -> Vec<Step> + Send + Sync;

/// A running server; its threads end with the test's process.
pub(super) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server. `handler` gets each request with its number, from 0.
    pub(super) fn start(
        handler: impl Fn(&Request, usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, handler): (_, Arc<Handler>) = (requests.clone(), Arc::new(handler));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, handler) = (seen.clone(), handler.clone());
                std::thread::spawn(move || serve(stream, &seen, &*handler));
            }
        });
        Self { address, requests }
    }

    /// A server of `files` that does everything right.
    pub(super) fn honest(files: &[(&str, &[u8])]) -> Self {
        let files = Files::new(files);
        Self::start(move |request, _| files.answer(request))
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// A source that is patient with a busy machine, not with failures.
    pub(super) fn source(&self) -> HttpSource {
        self.source_with(Duration::from_secs(20), 3)
    }

    /// A source that loses patience with a silent server within a test's time.
    pub(super) fn hasty_source(&self) -> HttpSource {
        self.source_with(Duration::from_millis(400), 1)
    }

    fn source_with(&self, stall: Duration, tries: u32) -> HttpSource {
        let patience = Patience {
            connect: stall,
            stall,
            tries,
            pause: Duration::from_millis(10),
        };
        HttpSource::with_patience(&self.url("/"), None, patience).unwrap()
    }
}

/// Files as a plain web server has them.
#[derive(Debug, Clone)]
pub(super) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    pub(super) fn new(files: &[(&str, &[u8])]) -> Self {
        let named = |(name, bytes): &(&str, &[u8])| (format!("/{name}"), bytes.to_vec());
        Self(files.iter().map(named).collect())
    }

    /// The right answer.
    pub(super) fn answer(&self, request: &Request) -> Vec<Step> {
        let Some(bytes) = self.0.get(&request.path) else {
            return vec![Step::Send(head("404 Not Found", &[], 0))];
        };
        let total = bytes.len();
        let mut answer = match request.range {
            None => head("200 OK", &["ETag: \"one\""], total),
            Some((first, _)) if first >= total as u64 => {
                return vec![Step::Send(head("416 Range Not Satisfiable", &[], 0))];
            }
            Some((first, last)) => {
                let last = last.min(total as u64 - 1);
                let range = format!("Content-Range: bytes {first}-{last}/{total}");
                let length = (last - first + 1) as usize;
                head("206 Partial Content", &["ETag: \"one\"", &range], length)
            }
        };
        let (first, last) = request.range.unwrap_or((0, total as u64 - 1));
        let last = (last as usize).min(total - 1);
        answer.extend_from_slice(&bytes[first as usize..=last]);
        vec![Step::Send(answer)]
    }
}

/// The head of an answer.
pub(super) fn head(status: &str, headers: &[&str], length: usize) -> Vec<u8> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n").into_bytes()
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Request>>, handler: &Handler) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        for step in handler(&request, number) {
            let sent = match step {
                Step::Send(bytes) => stream.write_all(&bytes).is_ok(),
                Step::Wait(time) => {
                    std::thread::sleep(time);
                    true
                }
                Step::Close => false,
            };
            if !sent {
                let _ = stream.shutdown(std::net::Shutdown::Both);
                return;
            }
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut range = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Some(Request { path, range });
        }
        if let Some(bytes) = line.strip_prefix("range: bytes=") {
            let (first, last) = bytes.split_once('-')?;
            range = Some((first.parse().ok()?, last.parse().ok()?));
        }
    }
}
