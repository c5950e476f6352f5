//! What the ledger owes a durable session, on its way to the client. It comes in the order of the log,
//! with packet identifiers that are the same after a crash.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use broker_codec::PacketId;
use bytes::Bytes;
use uns_model::{Sequence, Timestamp};

use super::delivery::{Again, Delivery};
use super::window::Awaits;
use crate::message::Message;

/// Identifiers up to this one are the ledger's, those above are free for retained messages.
pub const LEDGER_PACKET_IDS: u16 = 49_151;

/// One thing the ledger hands to a connected session.
#[derive(Clone, Debug)]
pub struct Fed {
    /// The record it is about: what is acknowledged by it is settled in the log.
    pub sequence: Sequence,
    /// Its packet identifier.
    pub packet_id: PacketId,
    /// What is due.
    pub what: Due,
}

/// What a client is due.
#[derive(Clone, Debug)]
pub enum Due {
    /// A PUBLISH.
    Publish(FedPublish),
    /// PUBREL: the client has the PUBLISH already.
    Release,
}

/// A committed message for one session.
#[derive(Clone, Debug)]
pub struct FedPublish {
    /// The QoS of this delivery, 1 or 2.
    pub qos: u8,
    /// RETAIN, as this session wants it.
    pub retain: bool,
    /// Whether it is what its topic retains, or was.
    pub retained: bool,
    /// Whether it may have been sent before.
    pub dup: bool,
    /// Subscription identifiers.
    pub ids: Option<Arc<[NonZeroU32]>>,
    /// Its topic.
    pub topic: Arc<str>,
    /// MQTT 5 properties that pass, in wire form.
    pub properties: Bytes,
    /// Its payload.
    pub payload: Bytes,
    /// Message Expiry Interval, counted from `ingest`.
    pub expiry: Option<u32>,
    /// When the hub took it.
    pub ingest: Timestamp,
}

impl FedPublish {
    /// As a message with the time it has left; `None` once it expired.
    pub(crate) fn message(&self, now: Timestamp) -> Option<Message<'_>> {
        let expiry = match self.expiry {
            None => None,
            Some(seconds) => {
                let age = u64::try_from(now.0.saturating_sub(self.ingest.0)).unwrap_or_default();
                let seconds = Duration::from_secs(u64::from(seconds));
                let left = seconds.checked_sub(Duration::from_nanos(age));
                let left = left.filter(|left| !left.is_zero())?;
                let rounded = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                Some(u32::try_from(rounded).unwrap_or(u32::MAX))
            }
        };
        Some(Message {
            topic: &self.topic,
            qos: self.qos,
            retain: self.retain,
            expiry,
            properties: &self.properties,
            payload: &self.payload,
            publisher: None,
        })
    }

    pub(crate) fn delivery(&self, id: PacketId) -> Delivery<'_> {
        let again = Some(Again { id, dup: self.dup });
        let ids = self.ids.as_deref().unwrap_or_default();
        Delivery { ids, again, ..Delivery::new(self.qos, self.retain) }
    }

    fn bytes(&self) -> usize {
        const OVERHEAD: usize = 96;
        self.topic.len() + self.properties.len() + self.payload.len() + OVERHEAD
    }
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    sequence: Sequence,
    awaits: Awaits,
    /// QoS 2: whether PUBREL went out, which is not before the release is committed.
    released: bool,
}

/// What a PUBREC means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReceivedPubrec {
    /// This record is to be released.
    First(Sequence),
    /// It was released: PUBREL again.
    Again,
    /// Its release is being committed, or PUBACK was due.
    Early,
}

/// The ledger's side of one connection. The ledger bounds what it feeds.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    waiting: VecDeque<Fed>,
    bytes: usize,
    flights: HashMap<PacketId, Flight, RandomState>,
    /// What needs no further answer and is to be settled in the log.
    settled: Vec<Sequence>,
}

impl Feed {
    pub(crate) fn push(&mut self, fed: Fed) {
        self.bytes += fed.bytes();
        self.waiting.push_back(fed);
    }

    pub(crate) fn next(&mut self) -> Option<Fed> {
        let fed = self.waiting.pop_front()?;
        self.bytes -= fed.bytes();
        Some(fed)
    }

    /// Packets sent and not acknowledged.
    pub(crate) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// Packets that wait to be sent, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.waiting.len(), self.bytes)
    }

    /// A packet went out and waits for this; for nothing if it could not be sent at all.
    pub(crate) fn sent(&mut self, fed: &Fed, awaits: Awaits) {
        if awaits == Awaits::Nothing {
            self.settled.push(fed.sequence);
        } else {
            let released = awaits == Awaits::Pubcomp;
            self.flights.insert(fed.packet_id, Flight { sequence: fed.sequence, awaits, released });
        }
    }

    /// What an identifier waits for.
    pub(crate) fn awaits(&self, id: PacketId) -> Awaits {
        self.flights.get(&id).map_or(Awaits::Nothing, |flight| flight.awaits)
    }

    /// Whether an identifier is the ledger's.
    pub(crate) fn knows(&self, id: PacketId) -> bool {
        self.flights.contains_key(&id)
    }

    /// The client has it, if this is what it was to say: nothing more is awaited.
    pub(crate) fn settle(&mut self, id: PacketId, said: Awaits) {
        let done =
            |flight: &Flight| flight.awaits == said && (said != Awaits::Pubcomp || flight.released);
        if self.flights.get(&id).is_some_and(done) {
            self.settled.extend(self.flights.remove(&id).map(|flight| flight.sequence));
        }
    }

    /// PUBREC came.
    pub(crate) fn receive(&mut self, id: PacketId) -> ReceivedPubrec {
        match self.flights.get_mut(&id) {
            Some(flight) if flight.awaits == Awaits::Pubrec => {
                flight.awaits = Awaits::Pubcomp;
                ReceivedPubrec::First(flight.sequence)
            }
            Some(flight) if flight.released => ReceivedPubrec::Again,
            _ => ReceivedPubrec::Early,
        }
    }

    /// The release is committed, and PUBREL goes out. `false` if it is not awaited any more.
    pub(crate) fn release(&mut self, id: PacketId) -> bool {
        let Some(flight) = self.flights.get_mut(&id) else { return false };
        flight.released = flight.awaits == Awaits::Pubcomp;
        flight.released
    }

    /// What is to be settled in the log since the last call.
    pub(crate) fn take_settled(&mut self) -> Vec<Sequence> {
        std::mem::take(&mut self.settled)
    }
}

impl Fed {
    fn bytes(&self) -> usize {
        match &self.what {
            Due::Publish(publish) => publish.bytes(),
            Due::Release => 16,
        }
    }
}
