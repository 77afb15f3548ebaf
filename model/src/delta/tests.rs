use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::verity::Salt;

const CONTENT: Chunking = Chunking::content(4096);

/// Bytes that no compressor would like, the same in every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn cut(chunking: Chunking, bytes: &[u8], piece: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut chunker = Chunker::new(chunking);
    for piece in bytes.chunks(piece) {
        chunker.push(piece, &mut |chunk| chunks.push(chunk));
    }
    chunker.finish(&mut |chunk| chunks.push(chunk));
    chunks
}

/// Releases outlive versions of the library that cuts: this must never change.
#[test]
fn chunks_are_cut_as_in_every_version_before() {
    let lengths = |avg| -> Vec<u32> {
        let chunks = cut(Chunking::content(avg), &noise(1, 100_000), 1 << 20);
        chunks.iter().map(|chunk| chunk.len).collect()
    };
    assert_eq!(lengths(16384), GOLDEN);
}

const GOLDEN: [u32; 6] = [18174, 21824, 16356, 28249, 12390, 3007];

#[test]
fn a_stream_is_cut_alike_in_whatever_pieces_it_comes() {
    let bytes = noise(2, 200_000);
    for chunking in [CONTENT, Chunking::Fixed { size: 4096 }] {
        let whole = cut(chunking, &bytes, bytes.len());
        assert_eq!(cut(chunking, &bytes, 999), whole);
        assert_eq!(cut(chunking, &bytes, 65_536), whole);
        assert_eq!(Index::of(chunking, &bytes).chunks(), whole);
        let mut at = 0;
        for chunk in whole {
            let end = at + chunk.len as usize;
            assert_eq!(ChunkId::of(&bytes[at..end]), chunk.id);
            at = end;
        }
        assert_eq!(at, bytes.len());
    }
    assert_eq!(cut(CONTENT, &[], 1), []);
}

#[test]
fn an_index_has_one_form() {
    let bytes = noise(3, 50_000);
    let derived = Derived::VerityTree {
        data: 11 * 4096,
        salt: Salt::new(b"salt").unwrap(),
    };
    let verity = |chunking| {
        let chunks = cut(chunking, &bytes[..12 * 4096], 100_000);
        Index::new(chunking, derived.clone(), chunks)
    };
    for index in [
        Index::of(CONTENT, &bytes),
        Index::of(Chunking::Fixed { size: 4096 }, &bytes),
        verity(CONTENT),
        verity(Chunking::Fixed { size: 8192 }),
    ] {
        assert_eq!(Index::parse(&index.to_bytes()).as_ref(), Ok(&index));
    }
    assert_eq!(verity(CONTENT).part_size(), 13 * 4096);
    assert_eq!(Index::of(CONTENT, &bytes).part_size(), 50_000);
}

#[test]
fn what_is_not_an_index_is_refused() {
    type Wrong = fn(&mut Vec<u8>);
    type Right = fn(&IndexError) -> bool;
    let cases: &[(Wrong, Right)] = &[
        (|b| b.clear(), |e| matches!(e, IndexError::Length(0))),
        (|b| b.truncate(79), |e| matches!(e, IndexError::Length(79))),
        (
            |b| b.resize(25 << 20, 0),
            |e| matches!(e, IndexError::Length(_)),
        ),
        (|b| b[7] = b'2', |e| matches!(e, IndexError::Form)),
        (|b| b[8] = 3, |e| matches!(e, IndexError::Form)),
        (|b| b[11] = 1, |e| matches!(e, IndexError::Form)),
        (|b| b[44] = 1, |e| matches!(e, IndexError::Form)),
        (|b| b[12..16].fill(0), |e| matches!(e, IndexError::Chunking)),
        (|b| b[12] = 1, |e| matches!(e, IndexError::Chunking)),
        (|b| b[23] = 0xff, |e| matches!(e, IndexError::Chunking)),
        (|b| b[9] = 1, |e| matches!(e, IndexError::Derived)),
        (|b| b[10] = 1, |e| matches!(e, IndexError::Derived)),
        (|b| b[60] = 1, |e| matches!(e, IndexError::Derived)),
        (|b| b[32] = 1, |e| matches!(e, IndexError::Derived)),
        (
            |b| b[24..32].fill(0),
            |e| matches!(e, IndexError::Covered { .. }),
        ),
        (
            |b| b[31] = 0xff,
            |e| matches!(e, IndexError::Covered { .. }),
        ),
        (|b| b[24] ^= 1, |e| matches!(e, IndexError::Covered { .. })),
        (|b| b[40] ^= 1, |e| matches!(e, IndexError::Count(_))),
        (|b| b[43] = 0xff, |e| matches!(e, IndexError::Count(_))),
        (
            |b| b.truncate(b.len() - 1),
            |e| matches!(e, IndexError::Count(_)),
        ),
        (|b| b.push(0), |e| matches!(e, IndexError::Count(_))),
        (
            |b| b[80..84].fill(0),
            |e| matches!(e, IndexError::ChunkLength { number: 0, .. }),
        ),
        (
            |b| b[83] = 0xff,
            |e| matches!(e, IndexError::ChunkLength { number: 0, .. }),
        ),
    ];
    let good = Index::of(CONTENT, &noise(4, 50_000)).to_bytes();
    for (number, (damage, refused)) in cases.iter().enumerate() {
        let mut bytes = good.clone();
        damage(&mut bytes);
        let error = Index::parse(&bytes).unwrap_err();
        assert!(refused(&error), "case {number}: {error}");
    }
    let mut fixed = Index::of(Chunking::Fixed { size: 4096 }, &noise(4, 50_000)).to_bytes();
    fixed[26] = 2;
    assert!(matches!(Index::parse(&fixed), Err(IndexError::Count(_))));
}

/// Puts a part together as the steps say, and counts what is fetched.
fn carry_out(new: &[u8], seeds: &[Vec<u8>], chunking: Chunking, gap: u64) -> (Vec<u8>, u64, usize) {
    let index = Index::of(chunking, new);
    let mut wanted = Wanted::new(&index);
    for (number, seed) in seeds.iter().enumerate() {
        let mut at = 0;
        for chunk in cut(chunking, seed, 10_000) {
            wanted.offer(number, at, chunk);
            at += u64::from(chunk.len);
        }
    }
    let steps = plan(index.chunks(), &wanted.origins(&index), gap);
    let (mut made, mut fetched, mut requests) = (Vec::new(), 0, 0);
    let mut first = 0;
    for step in steps {
        assert_eq!((step.first, step.at), (first, made.len() as u64));
        first += step.count;
        let (from, at) = match step.origin {
            Origin::Seed { seed, offset } => (&seeds[seed][..], offset),
            Origin::Source => {
                fetched += step.len;
                requests += 1;
                (new, step.at)
            }
            Origin::Target => unreachable!("nothing is in place"),
        };
        made.extend_from_slice(&from[at as usize..(at + step.len) as usize]);
    }
    assert_eq!(first, index.chunks().len());
    (made, fetched, requests)
}

#[test]
fn shifted_bytes_are_found_again() {
    let old = noise(5, 1 << 20);
    let new = [b"shift", &old[..]].concat();
    let (made, fetched, _) = carry_out(&new, std::slice::from_ref(&old), CONTENT, 0);
    assert!(made == new && fetched < 40_000, "{fetched}");
    let (made, fetched, _) = carry_out(&new, &[old], Chunking::Fixed { size: 4096 }, 0);
    assert!(made == new && fetched == new.len() as u64);
}

#[test]
fn small_gaps_are_fetched_rather_than_asked_around() {
    let chunk = |len| Chunk {
        len,
        id: ChunkId([0; 16]),
    };
    let chunks = [
        chunk(10),
        chunk(5),
        chunk(10),
        chunk(6),
        chunk(10),
        chunk(1),
    ];
    let seed = Origin::Seed { seed: 0, offset: 7 };
    let origins = [
        Origin::Source,
        seed,
        Origin::Source,
        Origin::Target,
        Origin::Source,
        Origin::Target,
    ];
    let summary = |gap| -> Vec<(usize, u64, bool)> {
        let steps = plan(&chunks, &origins, gap);
        let shown = |s: &Step| (s.count, s.len, s.origin == Origin::Source);
        steps.iter().map(shown).collect()
    };
    assert_eq!(summary(4).len(), 6);
    assert_eq!(
        summary(5),
        [(3, 25, true), (1, 6, false), (1, 10, true), (1, 1, false)]
    );
    assert_eq!(summary(6), [(5, 41, true), (1, 1, false)]);
}

/// Edits as updates make them: bytes are changed, put in, taken out.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, Vec<u8>)>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..2000);
    prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, bytes), 0..6)
}

fn edit(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8, Vec<u8>)]) -> Vec<u8> {
    for (place, kind, new) in edits {
        let at = place.index(bytes.len() + 1);
        let end = (at + new.len()).min(bytes.len());
        match kind {
            0 => drop(bytes.splice(at..end, new.iter().copied())),
            1 => drop(bytes.splice(at..at, new.iter().copied())),
            _ => drop(bytes.drain(at..end)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_plan_makes_the_part(
        seed in 0..1000u64,
        edits in edits(),
        avg in prop::sample::select(vec![4096u32, 8192]),
        fixed in any::<bool>(),
        gap in 0..20_000u64,
    ) {
        let old = noise(seed, 150_000);
        let new = edit(old.clone(), &edits);
        let chunking = if fixed { Chunking::Fixed { size: avg } } else { Chunking::content(avg) };
        let (made, fetched, requests) = carry_out(&new, &[noise(seed + 1, 5000), old], chunking, gap);
        prop_assert!(made == new);
        let touched = edits.len() as u64 * (2000 + 8 * u64::from(avg) + gap);
        if !fixed {
            prop_assert!(fetched <= touched, "{} of {}", fetched, touched);
            prop_assert!(requests <= edits.len());
        }
    }

    #[test]
    fn what_is_accepted_has_one_spelling(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        content in any::<bool>(),
    ) {
        let chunking = if content { CONTENT } else { Chunking::Fixed { size: 4096 } };
        let mut bytes = Index::of(chunking, &noise(6, 20_000)).to_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let short = &bytes[..cut.index(bytes.len() + 1)];
        for bytes in [&bytes[..], short] {
            if let Ok(index) = Index::parse(bytes) {
                prop_assert_eq!(index.to_bytes(), bytes);
                let chunks: BTreeMap<_, _> = index.chunks().iter().map(|c| (c.id, c.len)).collect();
                prop_assert!(chunks.values().all(|len| *len > 0));
            }
        }
    }
}
