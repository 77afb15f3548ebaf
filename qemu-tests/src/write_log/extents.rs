//! Which sectors were written, and from where.

use std::collections::BTreeMap;
use std::ops::Range;

/// Where a sector's content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// In the log, at this byte.
    Log(u64),
    /// Discarded: zeros.
    Zero,
}

impl Source {
    /// The place of the sector that lies `sectors` further on.
    const fn advanced(self, sectors: u64) -> Self {
        match self {
            Self::Log(at) => Self::Log(at + sectors * super::SECTOR),
            Self::Zero => Self::Zero,
        }
    }
}

/// Written stretches of a disk, none of which overlap.
#[derive(Debug, Clone, Default)]
pub struct Extents {
    /// First sector → end (exclusive) and the first sector's content.
    map: BTreeMap<u64, (u64, Source)>,
}

impl Extents {
    /// Writes `sectors`, over whatever was there.
    pub fn write(&mut self, sectors: Range<u64>, source: Source) {
        if sectors.is_empty() {
            return;
        }
        self.cut_at(sectors.start);
        self.cut_at(sectors.end);
        let covered: Vec<u64> = self
            .map
            .range(sectors.clone())
            .map(|(key, _)| *key)
            .collect();
        for start in covered {
            self.map.remove(&start);
        }
        self.map.insert(sectors.start, (sectors.end, source));
    }

    /// Makes an extent that spans `sector` into two that meet there.
    fn cut_at(&mut self, sector: u64) {
        let Some((&start, &(end, source))) = self.map.range(..sector).next_back() else {
            return;
        };
        if end > sector {
            self.map.insert(start, (sector, source));
            self.map
                .insert(sector, (end, source.advanced(sector - start)));
        }
    }

    /// The written stretches within `sectors`, in order.
    pub fn within(&self, sectors: Range<u64>) -> impl Iterator<Item = (Range<u64>, Source)> + '_ {
        let before = self
            .map
            .range(..sectors.start)
            .next_back()
            .map(|(start, extent)| (*start, *extent));
        let inside = self
            .map
            .range(sectors.start..sectors.end.max(sectors.start))
            .map(|(start, extent)| (*start, *extent));
        before
            .into_iter()
            .chain(inside)
            .filter_map(move |(start, (end, source))| {
                let from = start.max(sectors.start);
                let to = end.min(sectors.end);
                (from < to).then(|| (from..to, source.advanced(from - start)))
            })
    }

    /// All written stretches.
    pub fn iter(&self) -> impl Iterator<Item = (Range<u64>, Source)> + '_ {
        self.map
            .iter()
            .map(|(start, (end, source))| (*start..*end, *source))
    }
}
