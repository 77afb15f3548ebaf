//! Parts without a chunk index.

use super::*;

/// More than is noted at once.
fn content() -> Vec<u8> {
    let mut bytes = vec![0; 70 << 20];
    for (at, word) in bytes.chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(&(at as u32).wrapping_mul(2_654_435_761).to_le_bytes());
    }
    bytes
}

fn fetch(source: &dyn Source, part: &Part, place: &Place) -> Result<Counts, FetchError> {
    let resume = place.dir.path().join("resume.json");
    let mut work = Work {
        source,
        path: FILE.to_owned(),
        kind: PartKind::Root,
        part,
        target: Target::new(&place.target, part.size)?,
        resume: Some(&resume),
        counts: Counts {
            total: part.size,
            ..Counts::default()
        },
        progress: &mut |_| {},
    };
    work.whole()?;
    Ok(work.counts)
}

#[test]
fn a_whole_part_arrives() {
    let content = &content()[..5000];
    let server = Server::honest(&[(FILE, content)]);
    let place = Place::new();
    place.target.set_len(9000).unwrap();
    let counts = fetch(&server.source(), &part(content), &place).unwrap();
    assert_eq!(
        (counts.done, counts.fetched, counts.reused),
        (5000, 5000, 0)
    );
    assert_eq!(place.bytes(), content);
}

#[test]
fn an_interrupted_part_goes_on_where_it_was() {
    let content = content();
    let files = Files::new(&[(FILE, &content)]);
    let server = Server::start(move |request, number| {
        let mut steps = files.answer(request);
        if let (Step::Send(bytes), 0..3) = (&mut steps[0], number) {
            let cut = if number == 0 { 40 << 20 } else { 10 };
            bytes.truncate(cut);
            steps.push(Step::Close);
        }
        steps
    });
    let place = Place::new();
    let part = part(&content);
    let error = fetch(&server.source(), &part, &place).unwrap_err();
    assert!(error.is_passing(), "{error}");
    let counts = fetch(&server.source(), &part, &place).unwrap();
    assert!(counts.reused >= 39 << 20, "{counts:?}");
    assert_eq!(counts.reused + counts.fetched, content.len() as u64);
    assert!(place.bytes() == content);
}

#[test]
fn a_note_that_lies_costs_a_second_try_and_no_more() {
    let content = &content()[..100_000];
    let server = Server::honest(&[(FILE, content)]);
    let (place, part) = (Place::new(), part(content));
    place.target.set_len(50_000).unwrap();
    let note = place.dir.path().join("resume.json");
    crate::fetch::resume::write(Some(&note), &part.sha256, 50_000);
    let counts = fetch(&server.source(), &part, &place).unwrap();
    assert_eq!((counts.fetched, counts.reused), (150_000, 0));
    assert_eq!(place.bytes(), content);
    assert!(!note.exists());
}

#[test]
fn a_server_without_ranges_serves_an_interrupted_part_from_its_beginning() {
    let content = content()[..100_000].to_vec();
    let files = Files::new(&[(FILE, &content)]);
    let server = Server::start(move |request, _| {
        let mut whole = request.clone();
        whole.range = None;
        files.answer(&whole)
    });
    let (place, part) = (Place::new(), part(&content));
    place.target.set_len(50_000).unwrap();
    let note = place.dir.path().join("resume.json");
    crate::fetch::resume::write(Some(&note), &part.sha256, 50_000);
    let counts = fetch(&server.source(), &part, &place).unwrap();
    assert_eq!(counts.fetched, 100_000);
    assert_eq!(place.bytes(), content);
}

#[test]
fn damaged_bytes_are_refused_and_not_gone_on_with() {
    let content = &content()[..100_000];
    let mut damaged = content.to_vec();
    damaged[77_777] ^= 1;
    let server = Server::honest(&[(FILE, &damaged)]);
    let (place, part) = (Place::new(), part(content));
    let error = fetch(&server.source(), &part, &place).unwrap_err();
    assert_eq!(error.code(), "part-damaged");
    assert!(!place.dir.path().join("resume.json").exists());
}

#[test]
fn without_room_for_a_note_a_part_arrives_all_the_same() {
    let content = content();
    let server = Server::honest(&[(FILE, &content)]);
    let (place, part) = (Place::new(), part(&content));
    // Nothing can be written under the note's name for drafts.
    fs::create_dir(place.dir.path().join("resume.partial")).unwrap();
    let counts = fetch(&server.source(), &part, &place).unwrap();
    assert_eq!(counts.fetched, content.len() as u64);
    assert!(place.bytes() == content);
}
