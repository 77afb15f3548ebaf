//! Parts with a chunk index, from servers good and bad.

use super::*;
use crate::fetch::DirSource;
use crate::fetch::testing::Request;

/// Old and new data: something in the middle changed, something was put in.
fn data() -> (Vec<u8>, Vec<u8>) {
    let old = noise(1, 150 * 4096);
    let mut new = old.clone();
    new[200_000..203_000].fill(3);
    new.splice(400_000..400_000, noise(2, 4096));
    (old, new)
}

struct Case {
    old: Vec<u8>,
    bytes: Vec<u8>,
    index: Vec<u8>,
    part: Part,
    listed: Part,
    place: Place,
}

fn case() -> Case {
    let (old, new) = data();
    let (bytes, index) = root_part(&new);
    Case {
        part: part(&bytes),
        listed: part(&index),
        old: root_part(&old).0,
        bytes,
        index,
        place: Place::new(),
    }
}

impl Case {
    fn files(&self) -> Files {
        Files::new(&[(FILE, &self.bytes), (INDEX, &self.index)])
    }

    fn run(&self, server: &Server) -> Result<Counts, FetchError> {
        let seeds = [seed(b"something else"), seed(&self.old)];
        by_chunks(
            &server.source(),
            &self.part,
            &self.listed,
            &seeds,
            &self.place,
        )
    }

    /// The code with which a server is refused that treats requests for the
    /// part like this.
    fn refused(
        &self,
        treat: impl Fn(&Request, usize, Vec<Step>) -> Vec<Step> + Send + Sync + 'static,
    ) -> &'static str {
        let files = self.files();
        let server = Server::start(move |request, number| {
            let answer = files.answer(request);
            match request.path.ends_with(FILE) {
                true => treat(request, number, answer),
                false => answer,
            }
        });
        self.run(&server).unwrap_err().code()
    }
}

#[test]
fn only_what_is_missing_is_fetched_and_the_tree_is_computed() {
    let case = case();
    let server = Server::start({
        let files = case.files();
        move |request, _| files.answer(request)
    });
    let counts = case.run(&server).unwrap();
    assert!(case.place.bytes() == case.bytes);
    let bound = case.index.len() as u64 + 3000 + 4096 + 4 * 16384;
    assert!(counts.fetched < bound, "{counts:?}");
    assert_eq!(counts.without_index, None);
    assert!(server.requests().len() <= 4, "{:?}", server.requests());

    let again = case.run(&server).unwrap();
    assert_eq!(again.fetched, case.index.len() as u64);
    assert_eq!(again.reused, case.part.size);
}

#[test]
fn a_directory_serves_as_well() {
    let case = case();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("0.2.0")).unwrap();
    fs::write(dir.path().join(FILE), &case.bytes).unwrap();
    fs::write(dir.path().join(INDEX), &case.index).unwrap();
    let source = DirSource::new(dir.path()).unwrap();
    by_chunks(&source, &case.part, &case.listed, &[], &case.place).unwrap();
    assert!(case.place.bytes() == case.bytes);
}

#[test]
fn what_came_before_an_interruption_is_not_fetched_again() {
    let case = case();
    let cut = Server::start({
        let files = case.files();
        move |request, number| match number {
            0 => files.answer(request),
            1 => {
                let mut steps = files.answer(request);
                let Step::Send(bytes) = &mut steps[0] else {
                    return steps;
                };
                bytes.truncate(300_000);
                steps.push(Step::Close);
                steps
            }
            2..5 => vec![Step::Close],
            _ => files.answer(request),
        }
    });
    let place = &case.place;
    let run = || by_chunks(&cut.source(), &case.part, &case.listed, &[], place);
    assert!(run().unwrap_err().is_passing());
    let counts = run().unwrap();
    assert!(place.bytes() == case.bytes);
    assert!(counts.reused >= 280_000, "{counts:?}");
}

#[test]
fn an_index_that_is_wrong_or_absent_costs_the_whole_part_and_nothing_else() {
    let good = case();
    let mut damaged = good.index.clone();
    damaged[100] ^= 1;
    let (_, other) = root_part(&noise(9, 4096));
    let (garbage, long) = (noise(5, 500), [&good.index[..], b"x"].concat());
    let cases: [(Option<&[u8]>, Part); 5] = [
        (Some(&damaged), part(&good.index)),
        (Some(&other), part(&other)),
        (Some(&garbage), part(&garbage)),
        (Some(&long), part(&good.index)),
        (None, part(&good.index)),
    ];
    for (served, listed) in cases {
        let mut files = vec![(FILE, &good.bytes[..])];
        files.extend(served.map(|bytes| (INDEX, bytes)));
        let server = Server::honest(&files);
        let (source, place) = (server.source(), Place::new());
        let seeds = [seed(&good.old)];
        let counts = by_chunks(&source, &good.part, &listed, &seeds, &place).unwrap();
        assert_eq!(counts.without_index, Some("index-refused"));
        assert!(counts.fetched >= good.part.size);
        assert!(place.bytes() == good.bytes);
    }
}

#[test]
fn a_server_without_ranges_serves_the_whole_part() {
    let case = case();
    let files = case.files();
    let server = Server::start(move |request, _| {
        let mut whole = request.clone();
        whole.range = None;
        files.answer(&whole)
    });
    let counts = case.run(&server).unwrap();
    assert_eq!(counts.without_index, Some("range-ignored"));
    assert!(case.place.bytes() == case.bytes);
}

#[test]
fn servers_that_misbehave_are_refused_each_with_its_code() {
    let case = case();
    let last = |steps: &mut Vec<Step>| match &mut steps[0] {
        Step::Send(bytes) => std::mem::take(bytes),
        _ => unreachable!("an honest answer is one piece"),
    };
    let damaged = case.refused(move |_, _, mut steps| {
        let mut bytes = last(&mut steps);
        *bytes.last_mut().unwrap() ^= 1;
        vec![Step::Send(bytes)]
    });
    assert_eq!(damaged, "chunk-damaged");
    let shifted = case.refused(move |_, _, mut steps| {
        let text = String::from_utf8_lossy(&last(&mut steps)[..200]).replace("bytes ", "bytes 1");
        vec![Step::Send(text.into_bytes()), Step::Close]
    });
    assert_eq!(shifted, "range-wrong");
    let short = case.refused(move |_, _, mut steps| {
        let mut bytes = last(&mut steps);
        bytes.truncate(200);
        vec![Step::Send(bytes), Step::Close]
    });
    assert_eq!(short, "closed-early");
    let swapped = case.refused(move |_, number, mut steps| {
        let bytes = last(&mut steps);
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let head = head.replace("\"one\"", &format!("\"{number}\""));
        vec![Step::Send([head.as_bytes(), &bytes[end..]].concat())]
    });
    assert_eq!(swapped, "changed-midway");
    let gone = case.refused(|_, _, _| {
        vec![Step::Send(crate::fetch::testing::head(
            "404 Not Found",
            &[],
            0,
        ))]
    });
    assert_eq!(gone, "not-found");
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let case = case();
    let files = case.files();
    let server = Server::start(move |request, _| match request.path.ends_with(FILE) {
        true => vec![Step::Wait(std::time::Duration::from_secs(60))],
        false => files.answer(request),
    });
    let source = server.hasty_source();
    let error = by_chunks(&source, &case.part, &case.listed, &[], &case.place).unwrap_err();
    assert_eq!(error.code(), "stalled");
}

#[test]
fn a_damaged_chunk_is_never_written() {
    let case = case();
    let marked = vec![0xee; case.bytes.len()];
    std::os::unix::fs::FileExt::write_all_at(&case.place.target, &marked, 0).unwrap();
    let code = case.refused(|_, _, mut steps| {
        if let Step::Send(bytes) = &mut steps[0] {
            let middle = bytes.len() - 1000;
            bytes[middle] ^= 1;
        }
        steps
    });
    assert_eq!(code, "chunk-damaged");
    let (found, right) = (case.place.bytes(), &case.bytes);
    let wrong = found
        .iter()
        .zip(right)
        .filter(|(found, right)| found != right);
    assert!(wrong.into_iter().all(|(found, _)| *found == 0xee));
}

#[test]
fn a_seed_that_cannot_be_read_to_its_end_is_used_as_far_as_it_goes() {
    let case = case();
    let server = Server::honest(&[(FILE, &case.bytes), (INDEX, &case.index)]);
    let mut short = seed(&case.old[..300_000]);
    short.len = case.old.len() as u64;
    let seeds = [short];
    let counts = by_chunks(
        &server.source(),
        &case.part,
        &case.listed,
        &seeds,
        &case.place,
    );
    assert!(counts.unwrap().fetched < case.part.size);
    assert!(case.place.bytes() == case.bytes);
}
