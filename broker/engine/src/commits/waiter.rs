//! Who waits for the fate of records, and for what.

use std::rc::Rc;
use std::sync::Arc;

use broker_codec::{PacketId, ReasonCode};
use fabric::{DueWill, Place, Rejection};
use uns_model::{OrgId, Sequence, SessionNo};

use crate::gate::Placed;
use crate::key::{Address, Key};
use crate::message::Message;
use crate::outbound::owed_retained::OwedRetained;
use crate::owed_live::OwedLive;
use crate::routing::route::{Route, Turn};
use crate::sessions::clients::WithdrawnWills;
use crate::sessions::left_behind::LeftBehind;

/// Which packet answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Puback,
    Pubrec,
    /// PUBREC for a PUBLISH that repeats one.
    PubrecAgain,
    Pubcomp,
}

/// An acknowledgement of one packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledgement {
    pub(crate) id: PacketId,
    pub(crate) answer: Answer,
    /// What a PUBACK or PUBREC says beside success: the rows of a batch that were refused (NS-21).
    pub(crate) refused_rows: u32,
}

/// The PUBACKs of one client's publishes that were taken whole, with packet identifiers that follow each
/// other, as most clients give them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pubacks {
    first: PacketId,
    last: PacketId,
}

impl Pubacks {
    pub(crate) fn of(id: PacketId) -> Self {
        Self { first: id, last: id }
    }

    /// Takes the next identifier; `false` if that is another one.
    #[inline]
    pub(crate) fn extend(&mut self, id: PacketId) -> bool {
        let follows = self.last.get().checked_add(1) == Some(id.get());
        if follows {
            self.last = id;
        }
        follows
    }

    pub(crate) fn len(self) -> u32 {
        u32::from(self.last.get() - self.first.get()) + 1
    }

    /// The identifiers, in order.
    pub(crate) fn ids(self) -> impl Iterator<Item = PacketId> {
        (self.first.get()..=self.last.get()).filter_map(PacketId::new)
    }
}

/// The answer to a SUBSCRIBE or UNSUBSCRIBE.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) packet_id: PacketId,
    pub(crate) codes: Vec<ReasonCode>,
    /// Retained messages to send afterwards; `None` for UNSUBACK.
    pub(crate) walks: Option<Vec<OwedRetained>>,
    /// New subscriptions, to be taken back if they cannot be made durable.
    pub(crate) undo: Vec<Box<str>>,
}

impl Granted {
    pub(crate) fn new(packet_id: PacketId) -> Self {
        Self { packet_id, codes: Vec::new(), walks: None, undo: Vec::new() }
    }
}

/// A message of QoS 2 that waits for its commit, with the receivers it had when it was admitted.
#[derive(Debug)]
pub(crate) struct HeldMessage<N> {
    pub(crate) route: Rc<Route<N>>,
    /// Whose turn it was in each share of the route.
    turns: Box<[Turn]>,
    qos: u8,
    retain: bool,
    expiry: Option<u32>,
    properties: Box<[u8]>,
    payload: Box<[u8]>,
    publisher: Option<Address>,
    /// Its publisher was told that it is taken, whatever becomes of the commit.
    pub(crate) promised: bool,
}

impl<N> HeldMessage<N> {
    pub(crate) fn new(message: &Message<'_>, route: &Rc<Route<N>>, promised: bool) -> Self {
        Self {
            route: Rc::clone(route),
            turns: route.shares.iter().map(|share| share.turn()).collect(),
            qos: message.qos,
            retain: message.retain,
            expiry: message.expiry,
            properties: message.properties.into(),
            payload: message.payload.into(),
            publisher: message.publisher,
            promised,
        }
    }

    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.route.topic,
            qos: self.qos,
            retain: self.retain,
            expiry: self.expiry,
            properties: &self.properties,
            payload: &self.payload,
            publisher: self.publisher,
        }
    }

    /// Gives the shares of its route the members back that were chosen for it.
    pub(crate) fn restore_turns(&self) {
        for (share, turn) in self.route.shares.iter().zip(&self.turns) {
            share.set_turn(turn.clone());
        }
    }
}

/// A session that outlived its connections and has ended.
#[derive(Debug)]
pub(crate) struct EndedSession {
    pub(crate) org: OrgId,
    pub(crate) client_id: Box<str>,
    pub(crate) session: SessionNo,
    /// Whether the log ever had it.
    pub(crate) was_logged: bool,
}

/// What waits for a commit.
#[derive(Debug)]
pub(crate) enum Awaited<N> {
    /// The answer to a packet of a client.
    Answer(Key, Acknowledgement),
    /// The answers to many of its publishes of QoS 1.
    Pubacks(Key, Pubacks),
    /// PUBREC to a publish of a durable session.
    SessionPubrec(Key, Acknowledgement),
    /// SUBACK or UNSUBACK.
    Granted(Key, Box<Granted>),
    /// PUBREL to a client that said PUBREC.
    Pubrel(Key, PacketId),
    /// The delivery of a message of QoS 2: before its commit a crash would have it sent again, and its
    /// receivers would get it twice.
    Delivery(Box<HeldMessage<N>>),
    /// The retained messages of a client that wait for what was published before it subscribed: up to
    /// the walk with this number.
    RetainedWalks(Key, u64),
    /// How far the fold of the retained messages is.
    Unfolded,
    /// The end of a session.
    SessionEnded(Box<EndedSession>),
    /// CONNACK to a client whose session before has ended.
    Connack(Key),
    /// A durable session, whose connection is known to the log from here on.
    Attached(Key, SessionNo),
    /// The log knows the will of a connection whose session ends with it.
    WillNoted(Key),
    /// What an ended session left to its share. `true` where it goes to a member without a durable
    /// session.
    PassedOn(Box<LeftBehind>, bool),
    /// A will that was due. If the log does not take it, it is handed in again.
    Will(Box<DueWill>),
    /// That clients have withdrawn wills.
    WillsWithdrawn(Box<WithdrawnWills>),
    /// A record that is owed to a connection, at its place in the batch.
    OwedLive(Arc<OwedLive>, Place),
    /// The copy by which a session is owed what was owed to a connection.
    TakenOver(Arc<OwedLive>),
    /// Records that are not owed to connections any more.
    SettledLive(Vec<Sequence>),
    /// The reply to a producer in this process, with what became of each item.
    Reply(u64, Vec<Placed>),
    /// Nothing; but a failure must be noticed.
    Nothing,
}

/// Something that waits for the fate of records.
#[derive(Debug)]
pub(crate) struct Waiter<N> {
    pub(crate) awaited: Awaited<N>,
    /// Refused already; it only waits for its turn.
    pub(crate) refused: Option<Box<Rejection>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pubacks_take_identifiers_that_follow_each_other_and_no_others() {
        let id = |number| PacketId::new(number).unwrap();
        let mut run = Pubacks::of(id(65_533));
        assert!(!run.extend(id(65_533)) && !run.extend(id(65_535)) && !run.extend(id(65_532)));
        assert!(run.extend(id(65_534)) && run.extend(id(65_535)));
        assert!(!run.extend(id(1)), "identifiers begin anew behind the last one");
        assert_eq!(run.len(), 3);
        assert_eq!(run.ids().map(PacketId::get).collect::<Vec<_>>(), [65_533, 65_534, 65_535]);
    }
}
