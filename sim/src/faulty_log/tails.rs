//! Tails that do not say what is in the log.

use bytes::BytesMut;
use fabric::{Batch, Error, FrameBuilder, FrameKey, Record, Tail, TailItem};
use uns_model::{NodeNo, Timestamp};

/// A tail that says of another node that it is deleted.
pub(super) struct PurgingTail(Box<dyn Tail>);

impl PurgingTail {
    pub(super) fn new(tail: Box<dyn Tail>) -> Self {
        Self(tail)
    }
}

impl Tail for PurgingTail {
    fn next(&mut self) -> Result<Option<TailItem>, Error> {
        let item = self.0.next()?;
        let Some(TailItem::Frame(frame)) = &item else { return Ok(item) };
        let is_deletion = |(_, record)| matches!(record, Record::NodeDeleted { .. });
        if !frame.records().any(is_deletion) {
            return Ok(item);
        }
        let mut batch = Batch::new();
        for (_, record) in frame.records() {
            batch.push(&match record {
                Record::NodeDeleted { org, node, purge, ingest } => {
                    Record::NodeDeleted { org, node: NodeNo(node.0 ^ 1), purge, ingest }
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
