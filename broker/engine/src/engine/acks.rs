//! Acknowledgements follow the group commit: they wait in the order of their publishes, and go out
//! together.

use std::collections::VecDeque;

use broker_codec::{Ack, AckProperties, PacketId, Property, ReasonCode, UserProperties, Version};

use super::Engine;
use crate::config::{Config, Refusals};
use crate::connection::Connection;
use crate::gate::{Gate, Rejection, STORAGE_FULL, Ticket};
use crate::key::Key;
use crate::outbound::Desk;

/// Somebody who waits for the fate of a publish.
#[derive(Debug)]
struct Waiter {
    who: Who,
    /// Refused already; it only waits for its turn.
    refused: Option<Box<Rejection>>,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Client(Key, PacketId),
    Token(u64),
}

/// What one ticket decides.
#[derive(Debug)]
struct Group<R> {
    ticket: Ticket,
    bytes: usize,
    waiters: Vec<Waiter>,
    outcome: Option<Result<R, Rejection>>,
}

/// All that wait on one core.
#[derive(Debug)]
pub(super) struct Acks<R> {
    open: Vec<Waiter>,
    groups: VecDeque<Group<R>>,
    next: u64,
    uncommitted: usize,
    /// Bytes handed to the log without a ticket since the last one.
    unticketed: usize,
    spares: Vec<Vec<Waiter>>,
}

impl<R> Default for Acks<R> {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            groups: VecDeque::new(),
            next: 1,
            uncommitted: 0,
            unticketed: 0,
            spares: Vec::new(),
        }
    }
}

/// The gate's batch goes to the log within a tick once it has this size.
const BATCH_BYTES: usize = 256 << 10;

impl<R> Acks<R> {
    /// Whether the log is too far behind to take more.
    pub(super) fn is_full(&self, config: &Config) -> bool {
        self.uncommitted > config.uncommitted_bytes_max
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.groups.is_empty()
    }
}

impl<G: Gate> Engine<G> {
    /// Answers a client's QoS 1 publish: at once if nothing precedes it, else in its turn.
    pub(super) fn acknowledge(
        &mut self,
        key: Key,
        id: PacketId,
        accepted: Result<bool, Rejection>,
    ) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let waits = matches!(accepted, Ok(true)) || connection.unacknowledged > 0;
        if waits {
            connection.unacknowledged += 1;
            let refused = accepted.err().map(Box::new);
            self.acks.open.push(Waiter { who: Who::Client(key, id), refused });
            return;
        }
        self.say_puback(key, id, accepted.as_ref().err());
    }

    /// Writes a PUBACK, unless it would claim that something is stored that is not: then the
    /// connection ends at the next tick, and the client sends its publish again.
    fn say_puback(&mut self, key: Key, id: PacketId, refused: Option<&Rejection>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let not_stored = refused.is_some_and(|refused| refused.reason == STORAGE_FULL);
        let closes = self.desk.config.refusals == Refusals::Close && refused.is_some();
        if (not_stored || closes) && connection.version == Version::V311 {
            if self.unanswered.last() != Some(&key) {
                self.unanswered.push(key);
            }
            return;
        }
        write_puback(connection, &mut self.desk, id, refused);
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
    }

    /// Answers an in-process publish.
    pub(super) fn reply(&mut self, token: u64, accepted: Result<bool, Rejection>) {
        match accepted {
            Ok(true) => self.acks.open.push(Waiter { who: Who::Token(token), refused: None }),
            Ok(false) => self.effects.replies.push((token, Ok(None))),
            Err(rejection) => self.effects.replies.push((token, Err(rejection))),
        }
    }

    pub(super) fn flush_if_large(&mut self) {
        if self.gate.pending_bytes() >= BATCH_BYTES {
            self.flush_gate();
        }
    }

    /// The end of a tick: what was admitted goes to the log.
    pub fn flush(&mut self) {
        self.flush_gate();
    }

    /// After a tick's writes and hand-overs: paused publishers may try again if there is room now.
    pub fn resume(&mut self) {
        if self.resume {
            self.resume = false;
            for key in std::mem::take(&mut self.paused) {
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.paused = false;
                    self.effects.resumed.push(key);
                }
            }
        }
    }

    fn flush_gate(&mut self) {
        let bytes = self.gate.pending_bytes();
        if bytes == 0 {
            return self.join_last_group();
        }
        self.acks.unticketed += bytes;
        // Bytes nobody waits for are followed too, or the log's queue could outgrow its bound.
        let wanted = !self.acks.open.is_empty() || self.acks.unticketed >= BATCH_BYTES;
        let ticket = wanted.then_some(Ticket(self.acks.next));
        let flushed = self.gate.flush(ticket);
        let Some(ticket) = ticket else { return };
        let spare = self.acks.spares.pop().unwrap_or_default();
        let waiters = std::mem::replace(&mut self.acks.open, spare);
        let bytes = std::mem::take(&mut self.acks.unticketed);
        self.acks.next += 1;
        self.acks.uncommitted += bytes;
        let outcome = flushed.err().map(Err);
        let failed = outcome.is_some();
        self.acks.groups.push_back(Group { ticket, bytes, waiters, outcome });
        if failed {
            self.settle();
        }
    }

    /// Refusals that wait for their turn behind commits under way.
    fn join_last_group(&mut self) {
        if self.acks.open.is_empty() {
            return;
        }
        let open = std::mem::take(&mut self.acks.open);
        if let Some(last) = self.acks.groups.back_mut() {
            last.waiters.extend(open);
            return;
        }
        for waiter in open {
            self.answer(&waiter, None);
        }
    }

    /// The log has decided about a ticket.
    pub fn committed(&mut self, ticket: Ticket, outcome: Result<G::Receipt, Rejection>) {
        if let Some(group) = self.acks.groups.iter_mut().find(|group| group.ticket == ticket) {
            group.outcome = Some(outcome);
        }
        self.settle();
    }

    /// Answers everybody up to the first group still undecided.
    fn settle(&mut self) {
        while self.acks.groups.front().is_some_and(|group| group.outcome.is_some()) {
            let Some(mut group) = self.acks.groups.pop_front() else { return };
            self.acks.uncommitted -= group.bytes;
            for waiter in group.waiters.drain(..) {
                self.answer(&waiter, group.outcome.as_ref());
            }
            if self.acks.spares.len() < 8 && group.waiters.capacity() < 1 << 16 {
                self.acks.spares.push(group.waiters);
            }
            self.resume |= !self.paused.is_empty();
        }
    }

    fn answer(&mut self, waiter: &Waiter, outcome: Option<&Result<G::Receipt, Rejection>>) {
        let refused = match (&waiter.refused, outcome) {
            (Some(refused), _) => Some(&**refused),
            (None, Some(Err(rejection))) => Some(rejection),
            (None, Some(Ok(_)) | None) => None,
        };
        match waiter.who {
            Who::Token(token) => {
                let result = match (refused, outcome) {
                    (Some(refused), _) => Err(refused.clone()),
                    (None, Some(Ok(receipt))) => Ok(Some(receipt.clone())),
                    (None, _) => Ok(None),
                };
                self.effects.replies.push((token, result));
            }
            Who::Client(key, id) => {
                let Some(connection) = self.connections.get_mut(key) else { return };
                connection.unacknowledged -= 1;
                if connection.is_up() {
                    self.say_puback(key, id, refused);
                }
            }
        }
    }

    /// There are no QoS 2 publishes under way, so no identifier is known.
    pub(super) fn pubrel(&mut self, key: Key, id: PacketId) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let pubcomp = Ack::with_reason(id, ReasonCode::PacketIdentifierNotFound);
        let sink = connection.outbound.sink(&mut self.desk);
        pubcomp.encode_pubcomp(connection.version, sink).expect("it has no properties");
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
    }
}

/// MQTT 3.1.1 has no negative acknowledgement: a publish refused for what it is is acknowledged
/// there, since a client that gets no answer repeats it for ever.
fn write_puback<N>(
    connection: &mut Connection<N>,
    desk: &mut Desk,
    id: PacketId,
    refused: Option<&Rejection>,
) {
    let version = connection.version;
    let problem_information = connection.problem_information;
    let room = connection.outbound.packet_bytes_max;
    let sink = connection.outbound.sink(desk);
    let Some(refused) = refused.filter(|_| version == Version::V5) else {
        Ack::new(id).encode_puback(version, sink).expect("it has no properties");
        return;
    };
    let mut ack = Ack::with_reason(id, refused.code);
    let mut user = Vec::new();
    let named = Property::UserProperty("uns-reason", refused.reason).encode(&mut user);
    if problem_information && refused.detail.len() + 64 < room.min(1024) && named.is_ok() {
        ack.properties = AckProperties {
            reason_string: Some(&refused.detail),
            user: UserProperties::parse(&user).unwrap_or_default(),
        };
    }
    ack.encode_puback(version, sink).expect("its strings are short");
}
