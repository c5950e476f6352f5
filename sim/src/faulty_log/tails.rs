//! Tails that do not say what is in the log.

use bytes::BytesMut;
use fabric::{Batch, Error, FrameBuilder, FrameKey, GapReason, Record, Tail, TailItem};
use uns_model::{NodeNo, Sequence, Timestamp};

/// What a tail says of a deletion: of which node, and whether it is a purge.
pub(super) type Says = fn(NodeNo, bool) -> (NodeNo, bool);

/// A tail that says something else of deletions.
pub(super) struct DeletingTail {
    tail: Box<dyn Tail>,
    says: Says,
}

impl DeletingTail {
    pub(super) fn new(tail: Box<dyn Tail>, says: Says) -> Self {
        Self { tail, says }
    }
}

impl Tail for DeletingTail {
    fn next(&mut self) -> Result<Option<TailItem>, Error> {
        let item = self.tail.next()?;
        let Some(TailItem::Frame(frame)) = &item else { return Ok(item) };
        let is_deletion = |(_, record)| matches!(record, Record::NodeDeleted { .. });
        if !frame.records().any(is_deletion) {
            return Ok(item);
        }
        let mut batch = Batch::new();
        for (_, record) in frame.records() {
            batch.push(&match record {
                Record::NodeDeleted { org, node, purge, ingest } => {
                    let (node, purge) = (self.says)(node, purge);
                    Record::NodeDeleted { org, node, purge, ingest }
                }
                record => record,
            });
        }
        let before = (frame.header().previous, Timestamp(i64::MIN));
        let mut builder = FrameBuilder::new(BytesMut::new(), frame.first(), before);
        builder.push(&batch);
        Ok(Some(TailItem::Frame(builder.finish(FrameKey(0)))))
    }
}

/// A tail that names so many sound records beside damaged ones, or names none.
pub(super) struct NamingTail {
    tail: Box<dyn Tail>,
    more: Option<u64>,
}

impl NamingTail {
    pub(super) fn new(tail: Box<dyn Tail>, more: Option<u64>) -> Self {
        Self { tail, more }
    }
}

impl Tail for NamingTail {
    fn next(&mut self) -> Result<Option<TailItem>, Error> {
        let item = self.tail.next()?;
        let Some(TailItem::Gap { after, until, reason: GapReason::Damage }) = item else {
            return Ok(item);
        };
        let Some(more) = self.more else { return self.tail.next() };
        let after = Sequence(after.0.saturating_sub(more));
        Ok(Some(TailItem::Gap { after, until, reason: GapReason::Damage }))
    }
}

/// A tail that skips a frame now and then without a word.
pub(super) struct SkippingTail {
    tail: Box<dyn Tail>,
    frames: u32,
    one_in: u32,
}

impl SkippingTail {
    pub(super) fn new(tail: Box<dyn Tail>, one_in: u32) -> Self {
        Self { tail, frames: 0, one_in }
    }
}

impl Tail for SkippingTail {
    fn next(&mut self) -> Result<Option<TailItem>, Error> {
        let item = self.tail.next()?;
        if matches!(item, Some(TailItem::Frame(_))) {
            self.frames += 1;
            if self.frames.is_multiple_of(self.one_in) {
                return self.tail.next();
            }
        }
        Ok(item)
    }
}
