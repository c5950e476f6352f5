//! Answers to publishes and releases of clients: PUBACK, PUBREC, PUBCOMP.

use broker_codec::PacketId;
use fabric::Rejection;

use super::Engine;
use crate::commits::waiter::{Acknowledgement, Answer, Awaited};
use crate::effects::Reply;
use crate::gate::{Gate, Placed, Taken};
use crate::key::Key;
use crate::sessions::answers::{Conclusion, Turn};

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
        let commit = connection.answers_after_commit(self.commits.is_failing());
        if logged && !commit {
            self.commits.wait(Awaited::Nothing, None);
        }
        let describes = accepted.as_ref().err().is_some_and(|refused| refused.letter.is_some());
        let awaited = match connection.turn(answer, (logged && commit) || describes) {
            Turn::Now => {
                let refused = accepted.as_ref().err();
                return self.answer_client(key, acknowledgement, refused);
            }
            Turn::Later if answer == Answer::Puback && accepted.is_ok() && refused_rows == 0 => {
                return self.commits.wait_for_puback(key, id);
            }
            Turn::Later => Awaited::Answer(key, acknowledgement),
            Turn::LaterForSession => Awaited::SessionPubrec(key, acknowledgement),
        };
        self.commits.wait(awaited, accepted.err());
    }

    /// It is the turn of an answer.
    pub(super) fn answer_client(
        &mut self,
        key: Key,
        acknowledgement: Acknowledgement,
        refused: Option<&Rejection>,
    ) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        match connection.conclude(acknowledgement, refused, self.broker.config.refusals) {
            Conclusion::Answer(refused) => {
                let details = connection.problem_information;
                self.outbound.acknowledge(key, acknowledgement, refused.as_ref(), details);
            }
            Conclusion::Unanswered => self.sessions.end_unanswered(key),
            Conclusion::Gone => {}
        }
    }

    /// Answers a batch of in-process publishes, after its commit if there is one.
    pub(super) fn reply(&mut self, token: u64, taken: Vec<Placed>) {
        if taken.iter().any(|item| matches!(item, Ok(Taken { place: Some(_), .. }))) {
            return self.commits.wait(Awaited::Reply(token, taken), None);
        }
        self.effects.replies.push(Reply { token, taken, outcome: None });
    }
}
