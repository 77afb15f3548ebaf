//! Random edits, over a real socket.

use proptest::prelude::*;
use proptest::sample::Index as At;

use super::*;

fn edited(old: &[u8], edits: &[(At, u8, usize)]) -> Vec<u8> {
    let mut new = old.to_vec();
    for (place, kind, length) in edits {
        let at = place.index(new.len() + 1);
        let end = (at + length).min(new.len());
        match kind {
            0 => drop(new.splice(at..end, noise(*length as u64, end - at))),
            1 => drop(new.splice(at..at, noise(*length as u64, *length))),
            _ => drop(new.drain(at..end)),
        }
    }
    new.resize(new.len().next_multiple_of(4096).max(4096), 0);
    new
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_changed_the_part_arrives(
        edits in prop::collection::vec((any::<At>(), 0..3u8, 1..9000usize), 0..5),
        left in 0..200_000usize,
        shift in 0..3usize,
    ) {
        let old = noise(11, 60 * 4096);
        let (bytes, index) = root_part(&edited(&old, &edits));
        let server = Server::honest(&[(FILE, &bytes), (INDEX, &index)]);
        let (part, listed, place) = (part(&bytes), part(&index), Place::new());
        // What an earlier attempt left: right, or a little beside.
        let left = &bytes[shift.min(bytes.len())..left.min(bytes.len()).max(shift)];
        std::os::unix::fs::FileExt::write_all_at(&place.target, left, 0).unwrap();
        let seeds = [seed(&old)];
        let counts = by_chunks(&server.source(), &part, &listed, &seeds, &place).unwrap();
        prop_assert!(place.bytes() == bytes);
        prop_assert_eq!(counts.without_index, None);
        let touched: u64 = edits.iter().map(|(_, _, length)| *length as u64 + 5 * 16384).sum();
        prop_assert!(counts.fetched <= index.len() as u64 + touched + 3 * 16384);
    }
}
