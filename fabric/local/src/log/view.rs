//! What is committed: the newest frames in memory, and where everything is on disk.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use fabric::Frame;
use uns_model::Sequence;

use crate::segment::Segment;

/// Buffers at least this large are worth keeping for another frame.
const REUSE_BYTES_MIN: usize = 256 * 1024;

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
        let recent = VecDeque::new();
        Self { recent, recent_bytes: 0, recent_limit, segments, end, last, next }
    }

    /// A commit: the frame is in the last segment, which now ends at `end`.
    ///
    /// Returns a buffer that fell out of memory and nobody uses any more.
    pub(super) fn commit(&mut self, frame: Frame, end: u64) -> Option<BytesMut> {
        self.end = end;
        self.last = frame.last();
        self.next = self.last.next();
        let base = self.segments.back()?.base;
        self.recent_bytes += frame.bytes().len();
        self.recent.push_back(Recent { frame, behind: Spot { base, offset: end } });
        let mut spare = None;
        while self.recent_bytes > self.recent_limit && self.recent.len() > 1 {
            let oldest = self.recent.pop_front()?.frame.into_bytes();
            self.recent_bytes -= oldest.len();
            if oldest.len() >= REUSE_BYTES_MIN {
                spare = oldest.try_into_mut().ok().or(spare);
            }
        }
        spare
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
