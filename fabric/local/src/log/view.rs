//! What is committed: the newest frames in memory, and where everything is on disk.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::BytesMut;
use fabric::Frame;
use uns_model::Sequence;

use crate::segment::Segment;

/// Buffers at least this large are worth keeping for another frame.
const REUSE_BYTES_MIN: usize = 256 * 1024;
/// The share of the limit that stays in memory when every reader has passed it: for those who come.
const PASSED_SHARE: usize = 16;

/// Where a reader goes on: behind a frame in a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spot {
    pub(super) base: Sequence,
    pub(super) offset: u64,
}

#[derive(Debug)]
struct Recent {
    frame: Frame,
    behind: Spot,
}

/// Where the records after some sequence are.
pub(super) enum Located {
    /// Nowhere yet.
    CaughtUp,
    /// In memory.
    Memory(Frame, Spot),
    /// In this segment, which ends at `limit` with the sequence `last`.
    Disk { segment: Arc<Segment>, limit: u64, last: Sequence },
    /// Gone up to here.
    Dropped { until: Sequence },
}

/// One consistent picture, changed once per commit.
#[derive(Debug)]
pub(super) struct View {
    recent: VecDeque<Recent>,
    recent_bytes: usize,
    recent_limit: usize,
    /// With so many bytes in memory it is looked which of them the readers have passed.
    look_at: usize,
    /// How far each reader is.
    readers: Vec<Arc<AtomicU64>>,
    segments: VecDeque<Arc<Segment>>,
    /// Where the last segment's committed frames end.
    end: u64,
    last: Sequence,
    next: Sequence,
}

impl View {
    pub(super) fn new(
        segments: VecDeque<Arc<Segment>>,
        end: u64,
        (last, next): (Sequence, Sequence),
        recent_limit: usize,
    ) -> Self {
        let (recent, readers) = (VecDeque::new(), Vec::new());
        let (recent_bytes, look_at) = (0, recent_limit / PASSED_SHARE);
        Self { recent, recent_bytes, recent_limit, look_at, readers, segments, end, last, next }
    }

    /// A reader that has everything up to here, and says by this how far it is until it is dropped.
    pub(super) fn add_reader(&mut self, at: Sequence) -> Arc<AtomicU64> {
        let at = Arc::new(AtomicU64::new(at.0));
        self.readers.push(Arc::clone(&at));
        at
    }

    /// A commit: the frame is in the last segment, which now ends at `end`.
    ///
    /// Returns a buffer that fell out of memory and nobody uses any more.
    pub(super) fn commit(&mut self, frame: Frame, end: u64) -> Option<BytesMut> {
        self.end = end;
        self.last = self.last.max(frame.last());
        self.next = self.last.next();
        let base = self.segments.back()?.base;
        self.recent_bytes += frame.bytes().len();
        self.recent.push_back(Recent { frame, behind: Spot { base, offset: end } });
        self.trim()
    }

    /// The last committed sequence.
    pub(super) fn last(&self) -> Sequence {
        self.last
    }

    /// Everything up to here counts as committed, and what is not there as lost.
    pub(super) fn begin_epoch(&mut self, until: Sequence) {
        self.last = self.last.max(until);
        self.next = self.next.max(until.next());
    }

    /// Keeps at most so many bytes in memory, but always the newest frame.
    pub(super) fn set_recent_limit(&mut self, bytes: usize) {
        self.recent_limit = bytes;
        self.trim();
        self.recent.shrink_to(2 * self.recent.len());
    }

    fn trim(&mut self) -> Option<BytesMut> {
        let mut spare = None;
        while self.recent_bytes > self.recent_limit && self.recent.len() > 1 {
            spare = self.drop_recent().or(spare);
        }
        if self.recent_bytes > self.look_at {
            spare = self.drop_passed().or(spare);
        }
        spare
    }

    /// Lets go of frames in memory that every reader has passed, but for the newest. Who reads from
    /// disk, since what it wants is not in memory any more, does not count.
    ///
    /// Returns a buffer nobody uses any more.
    pub(super) fn drop_passed(&mut self) -> Option<BytesMut> {
        let keep = self.recent_limit / PASSED_SHARE;
        let oldest = self.recent.front().map_or(self.last, |one| one.frame.header().previous);
        self.readers.retain(|reader| Arc::strong_count(reader) > 1);
        let readers = self.readers.iter().map(|reader| Sequence(reader.load(Relaxed)));
        let passed = readers.filter(|at| *at >= oldest).min().unwrap_or(self.last);
        let mut spare = None;
        while self.recent_bytes > keep
            && self.recent.front().is_some_and(|one| one.frame.last() <= passed)
            && self.recent.len() > 1
        {
            spare = self.drop_recent().or(spare);
        }
        // A look costs as much as there are readers, so not at every commit.
        self.look_at = self.recent_bytes + keep / 4;
        spare
    }

    /// Bytes of the frames in memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.recent_bytes
    }

    /// Whether more is in memory than readers that keep up need.
    pub(super) fn has_passed(&self) -> bool {
        self.recent_bytes > self.recent_limit / PASSED_SHARE && self.recent.len() > 1
    }

    fn drop_recent(&mut self) -> Option<BytesMut> {
        let oldest = self.recent.pop_front()?.frame.into_bytes();
        self.recent_bytes -= oldest.len();
        if oldest.len() < REUSE_BYTES_MIN {
            return None;
        }
        oldest.try_into_mut().ok()
    }

    /// A new segment follows the last one.
    pub(super) fn add_segment(&mut self, segment: Segment, end: u64) {
        self.segments.push_back(Arc::new(segment));
        self.end = end;
    }

    pub(super) fn locate(&self, after: Sequence, memory: bool) -> Located {
        if after >= self.last {
            return Located::CaughtUp;
        }
        let covered = self.recent.front().is_some_and(|one| one.frame.header().previous <= after);
        if memory && covered {
            let place = self.recent.partition_point(|one| one.frame.last() <= after);
            if let Some(one) = self.recent.get(place) {
                return Located::Memory(one.frame.clone(), one.behind);
            }
        }
        let place = self.segments.partition_point(|segment| segment.previous <= after);
        let first = self.segments.front().map_or(self.last, |segment| segment.previous);
        let Some(segment) = place.checked_sub(1).and_then(|place| self.segments.get(place)) else {
            return Located::Dropped { until: first };
        };
        let segment = Arc::clone(segment);
        match self.segments.get(place) {
            None => Located::Disk { segment, limit: self.end, last: self.last },
            Some(next) => Located::Disk { limit: segment.bytes, segment, last: next.previous },
        }
    }

    /// The segment that holds what follows a sequence, by its first one.
    pub(super) fn segment_after(&self, after: Sequence) -> Sequence {
        let place = self.segments.partition_point(|segment| segment.previous <= after);
        let segment = place.checked_sub(1).and_then(|place| self.segments.get(place));
        segment.map_or(Sequence::ZERO, |segment| segment.base)
    }

    pub(super) fn oldest(&self) -> Sequence {
        self.segments.front().map_or(self.next, |segment| segment.base)
    }

    pub(super) fn segments(&self) -> &VecDeque<Arc<Segment>> {
        &self.segments
    }

    pub(super) fn drop_oldest(&mut self) {
        self.segments.pop_front();
    }

    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The last segment is more than half full: the next one is wanted.
    pub(super) fn wants_next(&self) -> bool {
        self.segments.back().is_some_and(|segment| self.end > segment.bytes / 2)
    }
}
