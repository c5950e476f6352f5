//! Blocks of samples of any series: open ones in order of arrival, closed ones sorted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::Range;
use std::sync::Arc;

use historian_segment::{Sample, SeriesId};
use uns_model::Timestamp;

use super::row::{Beside, Incoming, ROWS_MAX, Row, halves};
use super::sort::sort_by_series;

/// The block that takes what arrives; its buffers are used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Open {
    sids: Vec<SeriesId>,
    rows: Vec<Row>,
    beside: Beside,
    /// Series and place of each row, while they are sorted.
    keys: Vec<u64>,
    /// As many keys again, which a sort moves them to and fro.
    spare: Vec<u64>,
}

/// A closed block, shared with readers: series ascending, each in [`Sample::order`].
#[derive(Debug)]
pub(crate) struct Block {
    sids: Box<[SeriesId]>,
    rows: Box<[Row]>,
    beside: Beside,
    first: Timestamp,
    last: Timestamp,
}

impl Open {
    /// Whether it can take one more sample.
    pub(super) fn has_room(&self, sample: &Incoming<'_>, samples_max: usize) -> bool {
        let length = self.rows.len();
        length == 0 || length < samples_max.min(ROWS_MAX) && self.beside.has_room(sample)
    }

    /// Adds a sample; how many bytes it takes.
    pub(super) fn push(&mut self, sid: SeriesId, sample: &Incoming<'_>) -> usize {
        if self.rows.is_empty() {
            self.beside = Beside::starting_at(sample.sequence);
        }
        let before = self.beside.bytes();
        self.sids.push(sid);
        self.rows.push(self.beside.row(sample));
        size_of::<SeriesId>() + size_of::<Row>() + self.beside.bytes() - before
    }

    /// Copies the samples of some series in `[start, end)`.
    pub(super) fn collect(
        &self,
        series: &[SeriesId],
        (start, end): (Timestamp, Timestamp),
        samples: &mut Vec<(SeriesId, Sample)>,
    ) {
        for (sid, row) in self.sids.iter().zip(&self.rows) {
            if series.contains(sid) && start <= row.time() && row.time() < end {
                samples.push((*sid, self.beside.sample(row)));
            }
        }
    }

    /// Sorts what it has into a block, if it has anything.
    pub(super) fn close(&mut self) -> Option<Block> {
        let times = self.rows.iter().map(Row::time);
        let (first, last) = (times.clone().min()?, times.max()?);
        let places = 0_u64..;
        self.keys.clear();
        self.keys.extend(self.sids.iter().zip(places).map(|(sid, at)| u64::from(sid.0) << 32 | at));
        sort_by_series(&mut self.keys, &mut self.spare);
        let place = |key: &u64| halves(*key).1;
        let sids: Box<[_]> = self.keys.iter().map(|key| self.sids[place(key)]).collect();
        let mut rows: Box<[_]> = self.keys.iter().map(|key| self.rows[place(key)]).collect();
        let beside = self.beside.take();
        let mut start = 0;
        for run in sids.chunk_by(|a, b| a == b) {
            // Those of one series came in the order of the log, and mostly in that of time.
            let rows = &mut rows[start..start + run.len()];
            if !rows.is_sorted_by(|a, b| beside.order(a, b).is_le()) {
                rows.sort_by(|a, b| beside.order(a, b));
            }
            start += run.len();
        }
        self.sids.clear();
        self.rows.clear();
        Some(Block { sids, rows, beside, first, last })
    }
}

impl Block {
    /// Whether it may have samples of one of these series in `[start, end)`.
    pub(super) fn overlaps(
        &self,
        series: &[SeriesId],
        (start, end): (Timestamp, Timestamp),
    ) -> bool {
        let bounds = self.sids.first().zip(self.sids.last());
        let has = |sid: &SeriesId| bounds.is_some_and(|(first, last)| first <= sid && sid <= last);
        self.first < end && start <= self.last && series.iter().any(has)
    }

    /// Adds the samples of a series in `[start, end)`, in order.
    pub(crate) fn collect(
        &self,
        sid: SeriesId,
        (start, end): (Timestamp, Timestamp),
        samples: &mut Vec<(SeriesId, Sample)>,
    ) {
        let from = self.sids.partition_point(|other| *other < sid);
        let rows = &self.rows[from..self.end_of_run(from, sid)];
        let from = rows.partition_point(|row| row.time() < start);
        let to = rows.partition_point(|row| row.time() < end);
        let wanted = rows.get(from..to).unwrap_or_default();
        samples.extend(wanted.iter().map(|row| (sid, self.beside.sample(row))));
    }

    fn copy(&self, rows: Range<usize>, samples: &mut Vec<Sample>) {
        samples.extend(self.rows[rows].iter().map(|row| self.beside.sample(row)));
    }

    /// The times of all its samples.
    pub(crate) fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.rows.iter().map(Row::time)
    }

    /// Where a run of a series that starts at a place ends.
    fn end_of_run(&self, start: usize, sid: SeriesId) -> usize {
        let sids = &self.sids[start..];
        // Most runs are short, however long the block is.
        let mut bound = 1;
        while sids.get(bound - 1) == Some(&sid) {
            bound *= 2;
        }
        let within = &sids[..bound.min(sids.len())];
        start + within.partition_point(|other| *other == sid)
    }
}

/// Visits every series of some blocks in ascending order, with its samples in [`Sample::order`].
pub(crate) fn merge<E>(
    blocks: &[Arc<Block>],
    mut each: impl FnMut(SeriesId, &[Sample]) -> Result<(), E>,
) -> Result<(), E> {
    let first = |(at, block): (usize, &Arc<Block>)| Some(Reverse((*block.sids.first()?, at, 0)));
    let mut next: BinaryHeap<_> = blocks.iter().enumerate().filter_map(first).collect();
    let mut samples = Vec::new();
    while let Some(Reverse((sid, ..))) = next.peek().copied() {
        samples.clear();
        let mut runs = 0;
        while let Some(mut top) = next.peek_mut().filter(|top| top.0.0 == sid) {
            let Reverse((_, at, start)) = *top;
            let block = &blocks[at];
            let run = start..block.end_of_run(start, sid);
            block.copy(run.clone(), &mut samples);
            runs += 1;
            match block.sids.get(run.end) {
                Some(following) => *top = Reverse((*following, at, run.end)),
                None => drop(PeekMut::pop(top)),
            }
        }
        if runs > 1 {
            // Runs in order are merged, not sorted: blocks mostly follow each other.
            samples.sort_by(Sample::order);
        }
        each(sid, &samples)?;
    }
    Ok(())
}
