//! Samples not yet in files: one open block per series, and closed blocks behind it.

use std::sync::Arc;

use historian_segment::{Sample, SeriesId};
use uns_model::{Timestamp, Value};

/// A closed block: sorted, shared with readers.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) samples: Vec<Sample>,
}

impl Block {
    /// The samples in `[start, end)`.
    pub(crate) fn range(&self, start: Timestamp, end: Timestamp) -> &[Sample] {
        let from = self.samples.partition_point(|s| s.time < start);
        let to = self.samples.partition_point(|s| s.time < end);
        self.samples.get(from..to).unwrap_or_default()
    }
}

/// The unwritten samples of one series.
#[derive(Debug, Default)]
struct Pending {
    /// Samples in order of arrival that are not older than any before them.
    open: Vec<Sample>,
    more: Option<Box<More>>,
}

/// What few series have at a time.
#[derive(Debug, Default)]
struct More {
    closed: Vec<Arc<Block>>,
    /// Late ones, in order of arrival.
    late: Vec<Sample>,
}

impl Pending {
    fn push(&mut self, sample: Sample) {
        if self.open.last().is_some_and(|last| sample.time < last.time) {
            return self.more.get_or_insert_default().late.push(sample);
        }
        if self.open.capacity() == 0 {
            // Most of a million series have one sample when nothing happens.
            self.open.reserve_exact(1);
        }
        self.open.push(sample);
    }

    fn len(&self) -> usize {
        self.open.len() + self.more.as_ref().map_or(0, |more| more.late.len())
    }

    fn close(&mut self) {
        let more = self.more.get_or_insert_default();
        for samples in [&mut self.open, &mut more.late] {
            if !samples.is_empty() {
                let mut samples = std::mem::take(samples);
                // Samples of one time may still be out of the order of `seq`.
                samples.sort_by(Sample::order);
                more.closed.push(Arc::new(Block { samples }));
            }
        }
    }

    /// Closes what is open and gives everything away.
    fn into_blocks(mut self) -> Vec<Arc<Block>> {
        self.close();
        self.more.map_or_else(Vec::new, |more| more.closed)
    }
}

/// All unwritten samples since the last rotation.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pending: Vec<Option<Box<Pending>>>,
    touched: Vec<SeriesId>,
    pub(crate) samples: usize,
    pub(crate) bytes: usize,
}

/// A rotated memory on its way into files: series ascending.
#[derive(Debug, Default)]
pub(crate) struct Frozen {
    pub(crate) series: Vec<(SeriesId, Vec<Arc<Block>>)>,
    pub(crate) samples: usize,
    pub(crate) bytes: usize,
}

impl Frozen {
    pub(crate) fn blocks(&self, sid: SeriesId) -> &[Arc<Block>] {
        match self.series.binary_search_by_key(&sid, |(sid, _)| *sid) {
            Ok(at) => &self.series[at].1,
            Err(_) => &[],
        }
    }
}

impl Memory {
    pub(crate) fn push(&mut self, sid: SeriesId, sample: Sample, block_samples: usize) {
        let index = sid.0 as usize;
        if self.pending.len() <= index {
            self.pending.resize_with(index + 1, || None);
        }
        self.samples += 1;
        self.bytes += size_of::<Sample>() + text_bytes(&sample.value);
        let pending = self.pending[index].get_or_insert_with(|| {
            self.touched.push(sid);
            Box::default()
        });
        pending.push(sample);
        if pending.len() >= block_samples {
            pending.close();
        }
    }

    /// Forgets a purged series.
    pub(crate) fn forget(&mut self, sid: SeriesId) {
        if let Some(pending) = self.pending.get_mut(sid.0 as usize) {
            *pending = None;
        }
    }

    /// Copies the open samples in `[start, end)` and shares the closed blocks of a series.
    pub(crate) fn view(
        &self,
        sid: SeriesId,
        (start, end): (Timestamp, Timestamp),
        samples: &mut Vec<Sample>,
        blocks: &mut Vec<Arc<Block>>,
    ) {
        let Some(Some(pending)) = self.pending.get(sid.0 as usize) else { return };
        let wanted = |sample: &&Sample| start <= sample.time && sample.time < end;
        samples.extend(pending.open.iter().filter(wanted).cloned());
        if let Some(more) = &pending.more {
            samples.extend(more.late.iter().filter(wanted).cloned());
            blocks.extend(more.closed.iter().cloned());
        }
    }

    /// Closes every block and hands them over.
    pub(crate) fn rotate(&mut self) -> Frozen {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let mut series = Vec::with_capacity(touched.len());
        for sid in touched {
            if let Some(pending) = self.pending[sid.0 as usize].take() {
                series.push((sid, pending.into_blocks()));
            }
        }
        let (samples, bytes) = (self.samples, self.bytes);
        self.samples = 0;
        self.bytes = 0;
        Frozen { series, samples, bytes }
    }
}

fn text_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Document(text) => text.len() + 2 * size_of::<usize>(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uns_model::{Quality, Sequence};

    fn sample(time: i64) -> Sample {
        Sample {
            time: Timestamp(time),
            value: Value::Int(time),
            quality: Quality::GOOD,
            sequence: Sequence(1),
            source_seq: None,
            lag_seconds: Some(0),
        }
    }

    #[test]
    fn late_samples_go_aside_and_rotation_gives_everything_sorted() {
        let mut memory = Memory::default();
        for time in [5, 6, 3, 7, 1, 8, 9] {
            memory.push(SeriesId(4), sample(time), 4);
        }
        let (mut open, mut blocks) = (Vec::new(), Vec::new());
        memory.view(SeriesId(4), (Timestamp(0), Timestamp(9)), &mut open, &mut blocks);
        assert_eq!(open.iter().map(|s| s.time.0).collect::<Vec<_>>(), [1, 8]);
        let frozen = memory.rotate();
        assert_eq!((frozen.samples, memory.samples, memory.bytes), (7, 0, 0));
        let times = |block: &Arc<Block>| block.samples.iter().map(|s| s.time.0).collect::<Vec<_>>();
        let all: Vec<_> = frozen.blocks(SeriesId(4)).iter().map(times).collect();
        assert_eq!(all, [vec![5, 6, 7], vec![3], vec![1, 8, 9]]);
        assert!(frozen.blocks(SeriesId(3)).is_empty());
        assert!(memory.rotate().series.is_empty());
    }
}
