//! Readers: from memory while they keep up, from disk while they lag.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use fabric::{Damage, Error, Frame, GapReason, Reopened, Tail, TailItem, ends_epoch};
use uns_model::Sequence;

use super::inner::Shared;
use super::view::{Located, Spot};
use crate::scan::{ScanError, Scanner};
use crate::segment::{DATA_START, Segment};

/// A position in the log, with its own read buffer while it reads from disk.
#[derive(Debug)]
pub(super) struct LocalTail {
    shared: Arc<Shared>,
    /// Everything up to here was handed out, or reported as a gap.
    at: Sequence,
    /// The same, for the view: what every reader has passed need not stay in memory.
    passed: Option<Arc<AtomicU64>>,
    /// Where the last frame ended, which saves a search when reading moves to disk.
    spot: Option<Spot>,
    scanner: Option<(Sequence, Scanner)>,
    /// A frame that was read behind a gap, which is reported first.
    behind_gap: Option<Frame>,
}

/// What a segment yields.
enum Read {
    Item(TailItem),
    /// The segment vanished under the reader: look again.
    Again,
}

impl LocalTail {
    pub(super) fn new(shared: Arc<Shared>, after: Sequence) -> Self {
        let passed = shared.segments.view.write().add_reader(after);
        Self { passed: Some(passed), ..Self::at_disk(shared, after) }
    }

    /// Reads everything from disk, for a check of what is stored.
    pub(super) fn from_disk(shared: Arc<Shared>) -> Self {
        let first = shared
            .segments
            .view
            .read()
            .segments()
            .front()
            .map_or(Sequence::ZERO, |one| one.previous);
        Self::at_disk(shared, first)
    }

    fn at_disk(shared: Arc<Shared>, at: Sequence) -> Self {
        Self { shared, at, passed: None, spot: None, scanner: None, behind_gap: None }
    }

    /// How far it is.
    pub(super) fn at(&self) -> Sequence {
        self.at
    }

    fn hand_out(&mut self, frame: Frame) -> TailItem {
        let frame = match &self.shared.config.upgrade {
            // A check of what is stored has no use for it.
            Some(upgrade) if self.passed.is_some() => frame.upgraded(&**upgrade),
            _ => frame,
        };
        let frame = frame.after(self.at);
        self.pass(frame.last());
        TailItem::Frame(frame)
    }

    fn pass(&mut self, at: Sequence) {
        self.at = at;
        if let Some(passed) = &self.passed {
            passed.store(at.0, Relaxed);
        }
    }

    fn gap(&mut self, until: Sequence, reason: GapReason) -> TailItem {
        let after = self.at;
        let reason = if ends_epoch(until) { GapReason::Lost } else { reason };
        // Other tails may start inside a lost range: only a reader of everything knows its bounds.
        let whole = self.passed.is_none();
        if reason == GapReason::Damage || (reason == GapReason::Lost && whole) {
            let segment = Sequence::ZERO;
            self.shared.note_damage(Damage { after, until, reason, segment });
        }
        self.pass(until);
        TailItem::Gap { after, until, reason }
    }

    fn read(&mut self, segment: &Segment, limit: u64, last: Sequence) -> Result<Read, Error> {
        let mut scanner = match self.scanner.take() {
            Some((base, mut scanner)) if base == segment.base => {
                scanner.set_limit(limit);
                scanner
            }
            _ => {
                let spot = self.spot.filter(|spot| spot.base == segment.base);
                let offset = spot.map_or(DATA_START, |spot| spot.offset);
                let disk = Arc::clone(&self.shared.segments.disk);
                let file = Arc::new(Reopened::new(disk, segment.path.clone()));
                Scanner::new(file, self.shared.segments.key, offset, limit)
            }
        };
        let item = match self.read_on(&mut scanner, last) {
            Ok(item) => item,
            Err(ScanError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(self.vanished(segment, last));
            }
            Err(ScanError::Io(source)) => {
                return Err(Error::Read { path: segment.path.clone(), source });
            }
            Err(ScanError::Newer(found)) => return Err(Error::NewerFormat { found }),
        };
        self.spot = Some(Spot { base: segment.base, offset: scanner.offset() });
        self.scanner = Some((segment.base, scanner));
        Ok(Read::Item(item))
    }

    /// The first frame with news; a gap when some are missing before it, or to the end.
    fn read_on(&mut self, scanner: &mut Scanner, last: Sequence) -> Result<TailItem, ScanError> {
        loop {
            let frame = match scanner.frame()? {
                Some(frame) => Some(frame),
                None => scanner.resync()?,
            };
            let Some(frame) = frame else { return Ok(self.gap(last, GapReason::Damage)) };
            let previous = frame.header().previous;
            if previous > self.at {
                if frame.last() > previous {
                    self.behind_gap = Some(frame);
                }
                return Ok(self.gap(previous.min(last), GapReason::Damage));
            }
            if frame.last() > self.at {
                return Ok(self.hand_out(frame));
            }
        }
    }

    /// Retention removed the file after it was located; without retention it is damage.
    fn vanished(&mut self, segment: &Segment, last: Sequence) -> Read {
        let oldest = self.shared.segments.view.read().oldest();
        if oldest > segment.base {
            Read::Again
        } else {
            Read::Item(self.gap(last, GapReason::Damage))
        }
    }
}

impl Tail for LocalTail {
    fn next(&mut self) -> Result<Option<TailItem>, Error> {
        let item = self.step();
        if let Err(error) = &item {
            let now = self.shared.clock.monotonic();
            self.shared.trouble.read_failed(error, now);
        }
        item
    }
}

impl LocalTail {
    fn step(&mut self) -> Result<Option<TailItem>, Error> {
        if let Some(frame) = self.behind_gap.take() {
            return Ok(Some(self.hand_out(frame)));
        }
        loop {
            let located = self.shared.segments.view.read().locate(self.at, self.passed.is_some());
            match located {
                Located::CaughtUp => return Ok(None),
                Located::Memory(frame, spot) => {
                    let previous = frame.header().previous;
                    if previous > self.at {
                        return Ok(Some(self.gap(previous, GapReason::Damage)));
                    }
                    self.spot = Some(spot);
                    self.scanner = None;
                    return Ok(Some(self.hand_out(frame)));
                }
                Located::Dropped { until } => {
                    return Ok(Some(self.gap(until, GapReason::Retention)));
                }
                Located::Disk { segment, limit, last } => {
                    match self.read(&segment, limit, last)? {
                        Read::Item(item) => return Ok(Some(item)),
                        Read::Again => {}
                    }
                }
            }
        }
    }
}
