//! Samples not yet in files: an open block in order of arrival, and sorted blocks behind it.
//!
//! A sample costs the same whether its series has a million others or none: nothing is kept per
//! series, and taking one in writes to the end of one block, however many series take turns.

mod block;
mod row;
mod sort;

use std::sync::Arc;

use historian_segment::{Sample, SeriesId};
use uns_model::Timestamp;

pub(crate) use block::{Block, merge};
pub(crate) use row::Incoming;

use block::Open;

/// All unwritten samples since the last rotation.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    open: Open,
    blocks: Vec<Arc<Block>>,
    /// Series purged since the last rotation: their samples are not written.
    forgotten: Vec<SeriesId>,
    pub(crate) samples: usize,
    pub(crate) bytes: usize,
}

/// A rotated memory on its way into files.
#[derive(Debug, Default)]
pub(crate) struct Frozen {
    pub(crate) blocks: Vec<Arc<Block>>,
    /// Series that were purged before it was rotated, ascending.
    forgotten: Vec<SeriesId>,
    pub(crate) samples: usize,
    pub(crate) bytes: usize,
}

impl Frozen {
    /// Whether the samples of a series are to be left out.
    pub(crate) fn forgot(&self, sid: SeriesId) -> bool {
        self.forgotten.binary_search(&sid).is_ok()
    }
}

impl Memory {
    pub(crate) fn push(&mut self, sid: SeriesId, sample: &Incoming<'_>, block_samples: usize) {
        if !self.open.has_room(sample, block_samples) {
            self.close();
        }
        self.samples += 1;
        self.bytes += self.open.push(sid, sample);
    }

    /// Forgets a purged series.
    pub(crate) fn forget(&mut self, sid: SeriesId) {
        self.forgotten.push(sid);
    }

    /// Copies the open samples of some series in `[start, end)` and shares the blocks that may hold
    /// more of them.
    pub(crate) fn view(
        &self,
        series: &[SeriesId],
        range: (Timestamp, Timestamp),
        samples: &mut Vec<(SeriesId, Sample)>,
        blocks: &mut Vec<Arc<Block>>,
    ) {
        self.open.collect(series, range, samples);
        let wanted = |block: &&Arc<Block>| block.overlaps(series, range);
        blocks.extend(self.blocks.iter().filter(wanted).cloned());
    }

    /// Closes what is open and hands everything over.
    pub(crate) fn rotate(&mut self) -> Frozen {
        self.close();
        let mut forgotten = std::mem::take(&mut self.forgotten);
        forgotten.sort_unstable();
        Frozen {
            blocks: std::mem::take(&mut self.blocks),
            forgotten,
            samples: std::mem::take(&mut self.samples),
            bytes: std::mem::take(&mut self.bytes),
        }
    }

    fn close(&mut self) {
        self.blocks.extend(self.open.close().map(Arc::new));
    }
}

#[cfg(test)]
mod tests;
