//! Answers to publishes and releases of clients: PUBACK, PUBREC, PUBCOMP.

use broker_codec::{Ack, AckProperties, PacketId, Property, UserProperties, Version};
use fabric::Rejection;

use super::Engine;
use crate::commits::waiter::{Acknowledgement, Answer, Awaited};
use crate::config::{Durability, Refusals};
use crate::effects::Reply;
use crate::gate::{Gate, Placed, Taken, reason_code};
use crate::key::Key;
use crate::outbound::Outbounds;

/// What became of a publish that was accepted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Accepted {
    /// The outcome follows a commit.
    pub(super) logged: bool,
    /// The rows of a batch that were refused (NS-21).
    pub(super) refused_rows: u32,
}

impl From<Taken> for Accepted {
    fn from(taken: Taken) -> Self {
        let refused_rows = taken.refused.map_or(0, |rows| rows.count);
        Self { logged: taken.place.is_some(), refused_rows }
    }
}

impl<G: Gate> Engine<G> {
    /// Answers a publish: at once if it waits for nothing and nothing precedes it, else in its turn.
    pub(super) fn acknowledge(
        &mut self,
        key: Key,
        id: PacketId,
        answer: Answer,
        accepted: Result<Accepted, Rejection>,
    ) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Accepted { logged, refused_rows } = accepted.as_ref().copied().unwrap_or_default();
        let acknowledgement = Acknowledgement { id, answer, refused_rows };
        let commit = match connection.durability {
            Durability::Commit => true,
            // Nothing is acknowledged that was not stored as far as anybody knows.
            Durability::Interval => self.commits.is_failing(),
            Durability::Memory => false,
        };
        if logged && !commit {
            self.commits.wait(Awaited::Nothing, None);
        }
        let describes = accepted.as_ref().err().is_some_and(|refused| refused.letter.is_some());
        if (logged && commit) || describes || connection.inflight.unanswered > 0 {
            connection.inflight.wait(answer);
            let awaited = match connection.durable_session() {
                Some(_) if answer == Answer::Pubrec => {
                    connection.inflight.undecided += 1;
                    Awaited::SessionPubrec(key, acknowledgement)
                }
                _ => Awaited::Answer(key, acknowledgement),
            };
            self.commits.wait(awaited, accepted.err());
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
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let refused = connection.inflight.conclude(id, answer, refused, connection.durability);
        let refused = refused.as_ref();
        if !connection.is_up() {
            return;
        }
        let not_stored = refused.is_some_and(Rejection::is_temporary);
        let old = connection.version != Version::V5;
        let closes = self.broker.config.refusals == Refusals::Close && answer != Answer::Pubcomp;
        let mute = if not_stored { old || answer == Answer::Pubcomp } else { old && closes };
        if refused.is_some() && mute {
            self.sessions.end_unanswered(key);
            return;
        }
        let details = connection.problem_information;
        write_ack(&mut self.outbound, key, acknowledgement, refused, details);
    }

    /// Answers a batch of in-process publishes, after its commit if there is one.
    pub(super) fn reply(&mut self, token: u64, taken: Vec<Placed>) {
        if taken.iter().any(|item| matches!(item, Ok(Taken { place: Some(_), .. }))) {
            return self.commits.wait(Awaited::Reply(token, taken), None);
        }
        self.effects.replies.push(Reply { token, taken, outcome: None });
    }
}

/// Says an acknowledgement, for people with `details`. MQTT 3.1.1 has no negative acknowledgement: a
/// publish refused for what it is is acknowledged there, since a client that gets no answer repeats it
/// for ever.
fn write_ack(
    outbound: &mut Outbounds,
    key: Key,
    acknowledgement: Acknowledgement,
    refused: Option<&Rejection>,
    details: bool,
) {
    let Acknowledgement { id, answer, refused_rows } = acknowledgement;
    let Some(version) = outbound.get(key).map(|client| client.version) else { return };
    let encode = |ack: Ack<'_>, out: &mut Vec<u8>| match answer {
        Answer::Puback => ack.encode_puback(version, out),
        Answer::Pubrec | Answer::PubrecAgain => ack.encode_pubrec(version, out),
        Answer::Pubcomp => ack.encode_pubcomp(version, out),
    };
    let mut ack = Ack::new(id);
    if version == Version::V5 && (refused.is_some() || refused_rows > 0) {
        ack.reason = refused.map_or(ack.reason, reason_code);
        let mut user = Vec::new();
        let named = encode_names(refused, refused_rows, &mut user);
        const DETAIL_MAX: usize = 1024;
        let detail = refused.map(|refused| &*refused.detail);
        let fits = detail.is_none_or(|detail| detail.len() < DETAIL_MAX);
        if details && fits && named.is_ok() {
            let user = UserProperties::parse(&user).unwrap_or_default();
            ack.properties = AckProperties { reason_string: detail, user };
        }
        // Words give way to the client's Maximum Packet Size, the code does not.
        if ack.properties != AckProperties::default()
            && outbound.say(key, |out| encode(ack, out)).is_ok()
        {
            return;
        }
        ack.properties = AckProperties::default();
        return outbound.must_say(key, |out| encode(ack, out));
    }
    outbound.must_say(key, |out| encode(ack, out));
}

/// What an acknowledgement says beside its reason code, as user properties.
fn encode_names(
    refused: Option<&Rejection>,
    refused_rows: u32,
    user: &mut Vec<u8>,
) -> Result<(), broker_codec::Error> {
    match refused {
        Some(refused) => {
            Property::UserProperty("uns-reason", refused.reason.name()).encode(user)?;
            match &refused.dead_id {
                Some(id) => Property::UserProperty("uns-dead-id", id).encode(user),
                None => Ok(()),
            }
        }
        None => {
            let rows = refused_rows.to_string();
            Property::UserProperty("uns-rejected", &rows).encode(user)
        }
    }
}
