//! Answers to packets of clients: PUBACK, PUBREC, PUBCOMP, PUBREL, SUBACK, UNSUBACK.

use broker_codec::{
    Ack, AckProperties, PacketId, Property, ReasonCode, ReasonCodes, Suback, Unsuback,
    UserProperties, Version,
};

use super::{Engine, Now, Reply};
use crate::config::{Durability, Refusals};
use crate::connection::Connection;
use crate::gate::{Gate, Placed, Taken, reason_code};
use crate::key::Key;
use crate::outbound::{Desk, OwedRetained};
use fabric::Rejection;

use super::acks::Who;

/// Which packet answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Puback,
    Pubrec,
    /// PUBREC for a PUBLISH that repeats one.
    PubrecAgain,
    Pubcomp,
}

/// What became of a publish that was accepted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Accepted {
    /// The outcome follows a commit.
    pub(super) logged: bool,
    /// The rows of a batch that were refused (NS-21).
    pub(super) refused_rows: u32,
}

/// An acknowledgement of one packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledgement {
    pub(super) id: PacketId,
    pub(super) answer: Answer,
    /// What a PUBACK or PUBREC says beside success.
    pub(super) refused_rows: u32,
}

/// The answer to a SUBSCRIBE or UNSUBSCRIBE.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) packet_id: PacketId,
    pub(super) codes: Vec<ReasonCode>,
    /// Retained messages to send afterwards; `None` for UNSUBACK.
    pub(super) walks: Option<Vec<OwedRetained>>,
    /// New subscriptions, to be taken back if they cannot be made durable.
    pub(super) undo: Vec<Box<str>>,
}

impl Granted {
    pub(super) fn new(packet_id: PacketId) -> Self {
        Self { packet_id, codes: Vec::new(), walks: None, undo: Vec::new() }
    }
}

impl<G: Gate> Engine<G> {
    /// Answers a publish: at once if it waits for nothing and nothing precedes it, else in its
    /// turn.
    pub(super) fn acknowledge(
        &mut self,
        key: Key,
        (id, answer): (PacketId, Answer),
        accepted: Result<Accepted, Rejection>,
    ) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Accepted { logged, refused_rows } = accepted.as_ref().copied().unwrap_or_default();
        let acknowledgement = Acknowledgement { id, answer, refused_rows };
        let commit = match connection.durability {
            Durability::Commit => true,
            // Nothing is acknowledged that was not stored as far as anybody knows.
            Durability::Interval => self.acks.failing,
            Durability::Memory => false,
        };
        if logged && !commit {
            self.acks.wait(Who::Nobody, None);
        }
        let describes = accepted.as_ref().err().is_some_and(|refused| refused.letter.is_some());
        if (logged && commit) || describes || connection.unacknowledged > 0 {
            connection.unacknowledged += 1;
            connection.unacknowledged_qos1 += u32::from(answer == Answer::Puback);
            let who = match connection.durable_session() {
                Some(_) if answer == Answer::Pubrec => {
                    connection.undecided += 1;
                    Who::Took(key, acknowledgement)
                }
                _ => Who::Client(key, acknowledgement),
            };
            self.acks.wait(who, accepted.err());
            return;
        }
        self.answer_client(key, acknowledgement, accepted.as_ref().err());
    }

    /// Writes the answer, unless it would claim that something is stored that is not: then the
    /// connection ends at the next tick, and the client sends its packet again.
    pub(super) fn answer_client(
        &mut self,
        key: Key,
        acknowledgement: Acknowledgement,
        refused: Option<&Rejection>,
    ) {
        let Acknowledgement { id, answer, .. } = acknowledgement;
        let Some(connection) = self.connections.get_mut(key) else { return };
        let refused = connection.conclude((id, answer), refused);
        let refused = refused.as_ref();
        if !connection.is_up() {
            return;
        }
        let not_stored = refused.is_some_and(Rejection::is_temporary);
        let old = connection.version != Version::V5;
        let closes = self.desk.config.refusals == Refusals::Close && answer != Answer::Pubcomp;
        let mute = if not_stored { old || answer == Answer::Pubcomp } else { old && closes };
        if refused.is_some() && mute {
            if self.unanswered.last() != Some(&key) {
                self.unanswered.push(key);
            }
            return;
        }
        write_ack(connection, &mut self.desk, acknowledgement, refused);
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
    }

    /// Answers a batch of in-process publishes, after its commit if there is one.
    pub(super) fn reply(&mut self, token: u64, taken: Vec<Placed>) {
        if taken.iter().any(|item| matches!(item, Ok(Taken { place: Some(_), .. }))) {
            return self.acks.wait(Who::Token(token, taken), None);
        }
        self.effects.replies.push(Reply { token, taken, outcome: None });
    }

    /// Answers SUBSCRIBE or UNSUBSCRIBE, once what it changed is as durable as the session.
    pub(super) fn grant(
        &mut self,
        now: Now,
        key: Key,
        mut granted: Granted,
        refused: Option<&Rejection>,
    ) {
        if !self.is_up(key) {
            return;
        }
        if let Some(refused) = refused {
            self.undo_subscriptions(key, &granted.undo);
            granted.codes.iter_mut().filter(|code| !code.is_error()).for_each(|code| {
                *code = reason_code(refused);
            });
        }
        let Granted { packet_id, codes, walks, .. } = granted;
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (properties, codes) = (AckProperties::default(), ReasonCodes::new(&codes));
        let version = connection.version;
        let said = connection.outbound.say(&mut self.desk, |out| match &walks {
            Some(_) => Suback { packet_id, properties, codes }.encode(version, out),
            None => Unsuback { packet_id, properties, codes }.encode(version, out),
        });
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
        if said.is_err() {
            return self.fail(now, key, ReasonCode::PacketTooLarge);
        }
        // A walk that waits is asked for anew by the same filter: it is not owed twice.
        for walk in walks.into_iter().flatten().filter(|_| refused.is_none()) {
            connection.outbound.owed.retain(|other| !other.walk.same_filter(&walk.walk));
            connection.outbound.owed.push_back(walk);
        }
        self.pump_retained(now, key);
    }

    /// PUBREL: the client's PUBREC is durable, so a crash cannot have its message sent again.
    pub(super) fn release(&mut self, key: Key, id: PacketId) {
        let Some(connection) = self.connections.get_mut(key).filter(|c| c.is_up()) else { return };
        if connection.outbound.feed.as_mut().is_some_and(|feed| feed.release(id)) {
            connection.outbound.say_pubrel(&mut self.desk, id);
            Self::mark_dirty(connection, key, &mut self.effects.dirty);
        }
    }
}

/// MQTT 3.1.1 has no negative acknowledgement: a publish refused for what it is is acknowledged
/// there, since a client that gets no answer repeats it for ever.
fn write_ack<N>(
    connection: &mut Connection<N>,
    desk: &mut Desk,
    acknowledgement: Acknowledgement,
    refused: Option<&Rejection>,
) {
    let Acknowledgement { id, answer, refused_rows } = acknowledgement;
    let version = connection.version;
    let problem_information = connection.problem_information;
    let mut ack = Ack::new(id);
    let mut user = Vec::new();
    if version == Version::V5 {
        let mut named = Ok(());
        let mut name = |name, value: &str| {
            if named.is_ok() {
                named = Property::UserProperty(name, value).encode(&mut user);
            }
        };
        match refused {
            Some(refused) => {
                ack.reason = reason_code(refused);
                name("uns-reason", refused.reason.name());
                if let Some(id) = &refused.dead_id {
                    name("uns-dead-id", id);
                }
            }
            None if refused_rows > 0 => name("uns-rejected", &refused_rows.to_string()),
            None => {}
        }
        const DETAIL_MAX: usize = 1024;
        let detail = refused.map(|refused| &*refused.detail);
        let fits = detail.is_none_or(|detail| detail.len() < DETAIL_MAX);
        if problem_information && fits && named.is_ok() {
            let user = UserProperties::parse(&user).unwrap_or_default();
            ack.properties = AckProperties { reason_string: detail, user };
        }
    }
    let outbound = &mut connection.outbound;
    let encode = |ack: Ack<'_>, out: &mut Vec<u8>| match answer {
        Answer::Puback => ack.encode_puback(version, out),
        Answer::Pubrec | Answer::PubrecAgain => ack.encode_pubrec(version, out),
        Answer::Pubcomp => ack.encode_pubcomp(version, out),
    };
    // Words give way to the client's Maximum Packet Size, the code does not.
    if ack.properties != AckProperties::default()
        && outbound.say(desk, |out| encode(ack, out)).is_ok()
    {
        return;
    }
    let bare = Ack { properties: AckProperties::default(), ..ack };
    outbound.must_say(desk, |out| encode(bare, out));
}
