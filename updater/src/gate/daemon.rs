//! Asking the control plane whether it does its job.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use megh_host::Machine;
use megh_host::command::Cmd;
use megh_model::update::GateReport;

/// An answer takes no longer, also on a machine that is busy starting.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than any answer has.
const LIMIT: u64 = 256 * 1024;
const REQUEST: &[u8] = b"GET /gate HTTP/1.1\r\nHost: meghd\r\nConnection: close\r\n\r\n";

/// Name of the check of the daemon itself.
pub(super) const NAME: &str = "daemon";
/// The control plane's unit.
const UNIT: &str = "meghd.service";
/// A control plane that systemd has started anew this often will not come up.
const RESTARTS: u32 = 10;

/// Why there is no use in waiting for a control plane that does not answer:
/// systemd has given it up, or starts it again and again. None when there is
/// still hope, or when systemd does not tell.
pub(super) fn hopeless(machine: &dyn Machine) -> Option<String> {
    let cmd = Cmd::new("systemctl")
        .args(["show", "--property=NRestarts,ActiveState", UNIT])
        .timeout(PATIENCE);
    let shown = machine.run(&cmd).ok()?.text();
    let value = |name: &str| {
        let mut lines = shown.lines().filter_map(|line| line.split_once('='));
        lines.find_map(|(key, value)| (key == name).then_some(value))
    };
    let restarts: u32 = value("NRestarts")?.parse().ok()?;
    if restarts >= RESTARTS {
        let starts = restarts.saturating_add(1);
        return Some(format!(
            "The control plane was started {starts} times and ended each time."
        ));
    }
    (value("ActiveState") == Some("failed"))
        .then(|| "The control plane has failed, and systemd does not start it again.".to_owned())
}

/// One check for the daemon itself, and those that it makes.
pub(super) fn checks(socket: &Path) -> Vec<(&'static str, Result<String, String>)> {
    match ask(socket)
        .map_err(|error| error.to_string())
        .and_then(|answer| parse(&answer))
    {
        Err(why) => vec![(
            NAME,
            Err(format!("The control plane does not answer: {why}")),
        )],
        Ok(report) => {
            let mut checks = vec![(NAME, Ok("The control plane answers.".to_owned()))];
            for (name, part) in report.parts() {
                let detail = part.detail.clone();
                checks.push((name, if part.ok { Ok(detail) } else { Err(detail) }));
            }
            checks
        }
    }
}

/// Sends the request and reads to the end. A daemon that accepts and says
/// nothing is given up after [`PATIENCE`].
fn ask(socket: &Path) -> io::Result<Vec<u8>> {
    let begun = Instant::now();
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let left = PATIENCE.checked_sub(begun.elapsed());
        let left = left.filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
        match stream.read(&mut piece) {
            Ok(0) => return Ok(answer),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if answer.len() as u64 > LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// Reads an answer of HTTP/1.1 whose body is sent in one piece (RFC 9112).
fn parse(answer: &[u8]) -> Result<GateReport, String> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or("it sent no whole answer")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(format!("it answered `{status}`"));
    }
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let body = &answer[end + 4..];
    let body = match length {
        Some(length) => body.get(..length).ok_or("its answer was cut off")?,
        None => body,
    };
    serde_json::from_slice(body).map_err(|error| format!("its answer cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use megh_host::fake::FakeMachine;
    use megh_model::update::GatePart;

    use super::*;

    fn report(pool: GatePart) -> String {
        let good = || GatePart::passed("fine");
        let report = GateReport {
            store: good(),
            hypervisor: good(),
            pool,
            instances: good(),
        };
        serde_json::to_string(&report).unwrap()
    }

    fn answered(answer: String) -> Vec<(&'static str, Result<String, String>)> {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; REQUEST.len()];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let checks = checks(&socket);
        server.join().unwrap();
        checks
    }

    #[test]
    fn every_part_is_a_check_of_its_own() {
        let body = report(GatePart::failed("away"));
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let checks = answered(head + &body);
        let names: Vec<&str> = checks.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            ["daemon", "store", "hypervisor", "pool", "instances"]
        );
        let failed: Vec<_> = checks
            .iter()
            .filter(|(_, outcome)| outcome.is_err())
            .collect();
        assert_eq!(failed, [&("pool", Err("away".to_owned()))]);
    }

    #[test]
    fn what_is_no_answer_fails_the_daemon() {
        let body = report(GatePart::passed("fine"));
        for bad in [
            "HTTP/1.1 503 Service Unavailable\r\n\r\n".to_owned(),
            "HTTP/1.1 200 OK\r\n\r\n{}".to_owned(),
            "HTTP/1.1 200 OK".to_owned(),
            String::new(),
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                body.len() + 1
            ),
        ] {
            let checks = answered(bad.clone());
            assert!(matches!(&checks[..], [("daemon", Err(_))]), "{bad}");
        }
        let nobody = checks(Path::new("/nonexistent/socket"));
        assert!(matches!(&nobody[..], [("daemon", Err(_))]));
    }

    #[test]
    fn only_a_unit_that_ends_again_and_again_or_for_good_is_hopeless() {
        let why = |shown: &str| {
            let fake = FakeMachine::new();
            fake.answer("systemctl show", shown);
            hopeless(&fake)
        };
        for hope in [
            "",
            "NRestarts=\nActiveState=failed\n",
            "NRestarts=9\nActiveState=activating\n",
            "ActiveState=active\nNRestarts=0\n",
        ] {
            assert_eq!(why(hope), None, "{hope:?}");
        }
        let often = why("NRestarts=10\nActiveState=activating\n").unwrap();
        assert!(often.contains("started 11 times"), "{often}");
        assert!(why("ActiveState=failed\nNRestarts=0\n").is_some());
        assert_eq!(hopeless(&FakeMachine::failing_at(0)), None);
    }
}
