//! Random records of sessions: plausible ones, late ones, and some that contradict others.

use std::num::NonZeroU32;
use std::sync::Arc;

use fabric::conformance::append;
use fabric::{Audience, Batch, Log, Message, Publish, Record, SessionChange};
use uns_model::{
    NodeNo, OrgId, PublisherId, Random, SeededRandom, Sequence, SessionNo, Timestamp, TopicId,
};

use crate::Topics;

const SESSIONS: u64 = 6;
const CLIENTS: [&str; 4] = ["a", "b", "plc/ö", "d"];
const FILTERS: [&str; 4] = ["a/#", "b/+", "$share/g/c", "d"];

/// Every topic is known.
pub(crate) struct Known;

impl Topics for Known {
    fn topic(&self, id: TopicId) -> Option<Arc<str>> {
        Some(Arc::from(format!("t/{id}")))
    }
}

/// Writes batches from one seed.
pub(crate) struct Stream {
    random: SeededRandom,
    /// Publishes written so far.
    sequences: Vec<Sequence>,
    /// Changes of sessions written so far.
    changes: Vec<Sequence>,
}

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: SeededRandom::new(seed), sequences: Vec::new(), changes: Vec::new() }
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.random.u64() % bound
    }

    fn below_u32(&self, bound: u32) -> u32 {
        u32::try_from(self.below(bound.into())).expect("below a u32")
    }

    fn pick<T: Copy>(&self, of: &[T]) -> Option<T> {
        of.get(usize::try_from(self.below(of.len().max(1) as u64)).ok()?).copied()
    }

    /// Appends one batch and waits for its commit; `false` when the log did not take it.
    pub(crate) fn append(&mut self, log: &dyn Log) -> bool {
        let mut batch = Batch::new();
        let (mut publishes, mut changes) = (Vec::new(), Vec::new());
        for _ in 0..=self.below(6) {
            match self.below(5) {
                0 | 1 => {
                    publishes.push(batch.len() as u64);
                    self.publish(&mut batch);
                }
                2 => self.settle(&mut batch),
                _ => {
                    changes.push(batch.len() as u64);
                    self.change(&mut batch);
                }
            }
        }
        let Ok(commit) = append(log, batch) else { return false };
        let sequence = |at| Sequence(commit.first.0 + at);
        self.sequences.extend(publishes.into_iter().map(sequence));
        self.changes.extend(changes.into_iter().map(sequence));
        true
    }

    fn publish(&self, batch: &mut Batch) {
        let (ingest, org, publisher) = (Timestamp(0), OrgId(1), PublisherId(2));
        let (qos, payload) = (1, &[b'x'; 40][..usize::try_from(self.below(40)).unwrap_or(0)]);
        let retain = self.below(2) == 0;
        if self.below(2) == 0 {
            let (topic, node) = (TopicId(self.below_u32(9)), NodeNo(1));
            let (expiry, points, properties) = (None, None, &[][..]);
            batch.push(&Record::Publish(Publish {
                org,
                topic,
                node,
                publisher,
                qos,
                retain,
                expiry,
                points,
                ingest,
                properties,
                payload,
            }));
        } else {
            let topic = self.pick(&["x", "y", "t/1", "t/2"]).unwrap_or_default();
            let (expiry, properties) = (Some(9), &b"pp"[..]);
            batch.push(&Record::Message(Message {
                org,
                publisher,
                qos,
                retain,
                expiry,
                ingest,
                topic,
                properties,
                payload,
            }));
        }
        let mut audience = Audience::new();
        for number in 1..=SESSIONS {
            if self.below(2) == 0 {
                let session = SessionNo(u32::try_from(number).unwrap_or(0));
                let qos = u8::try_from(1 + self.below(2)).unwrap_or(1);
                let ids: Vec<_> = (1..=self.below_u32(4)).filter_map(NonZeroU32::new).collect();
                let share = (self.below(3) == 0).then_some(FILTERS[2]);
                audience.push_chosen((session, share), qos, self.below(2) == 0, &ids);
            }
        }
        let number = self.below_u32(3);
        batch.push(&Record::Audience { number, members: audience.members(), ingest });
        // Sometimes it refers to another record.
        let back = if self.below(20) == 0 { self.below_u32(9) } else { 2 };
        batch.push(&Record::Owed { audience: number, back, ingest });
    }

    fn settle(&self, batch: &mut Batch) {
        let recent = self.sequences.len().saturating_sub(20);
        let Some(sequence) = self.pick(&self.sequences[recent..]) else { return };
        let change = match self.below(3) {
            0 => SessionChange::Released { sequence },
            _ => SessionChange::Settled { sequence },
        };
        self.session(batch, change);
    }

    /// Possibly a will.
    fn recent_change(&self) -> Option<Sequence> {
        let recent = self.changes.len().saturating_sub(8);
        self.pick(&self.changes[recent..]).filter(|_| self.below(3) > 0)
    }

    fn change(&self, batch: &mut Batch) {
        let expiry = self.pick(&[0, 60, u32::MAX]).unwrap_or(0);
        let filter = self.pick(&FILTERS).unwrap_or_default();
        let packet_id = u16::try_from(self.below(9)).unwrap_or(0);
        let client_id = self.pick(&CLIENTS).unwrap_or_default();
        let publisher = PublisherId(self.below_u32(5));
        let org = OrgId(1 + self.below_u32(2));
        self.session(
            batch,
            match self.below(14) {
                0..=2 => SessionChange::Opened { org, client_id, publisher, expiry },
                3 => SessionChange::Resumed { expiry },
                4 => SessionChange::Left { expiry },
                5 => SessionChange::Ended,
                6 | 7 => {
                    let (options, walk) = (packet_id.to_le_bytes()[0], self.below(2) == 0);
                    let identifier = NonZeroU32::new(expiry);
                    SessionChange::Subscribed { filter, options, identifier, walk }
                }
                8 => SessionChange::Unsubscribed { filter },
                9 => SessionChange::Walked { filter },
                10 => SessionChange::Will {
                    delay: expiry,
                    qos: 1,
                    retain: true,
                    expiry: Some(4),
                    topic: filter,
                    properties: b"p",
                    payload: b"gone",
                },
                11 => SessionChange::WillGone { will: self.recent_change() },
                12 => SessionChange::Took { packet_id },
                _ => SessionChange::Forgot { packet_id },
            },
        );
    }

    fn session(&self, batch: &mut Batch, change: SessionChange<'_>) {
        let session = SessionNo(1 + self.below_u32(6));
        batch.push(&Record::Session { session, change, ingest: Timestamp(0) });
    }
}
