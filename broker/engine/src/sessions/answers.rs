//! The answers to what one client publishes and releases: PUBACK, PUBREC and PUBCOMP. What they wait for, and
//! what they say.

use fabric::Rejection;

use super::connection::Connection;
use crate::commits::waiter::{Acknowledgement, Answer};
use crate::config::{Durability, Refusals};
use broker_codec::Version;

/// When a packet of a client is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// Now: it waits for nothing, and nothing precedes it.
    Now,
    /// In its turn, behind the log.
    Later,
    /// The same; until then the durable session of its client does not go on elsewhere.
    LaterForSession,
}

/// What a client is told of its packet.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Conclusion {
    /// That it is taken, or refused like this.
    Answer(Option<Rejection>),
    /// Nothing that is true: its connection ends at the next tick, and it sends the packet again.
    Unanswered,
    /// Nothing, since it is gone.
    Gone,
}

impl<N> Connection<N> {
    /// Whether its publishes are answered after their commit. While commits fail, nothing is acknowledged
    /// that was not stored as far as anybody knows.
    #[inline]
    pub(crate) fn answers_after_commit(&self, is_failing: bool) -> bool {
        match self.durability {
            Durability::Commit => true,
            Durability::Interval => is_failing,
            Durability::Memory => false,
        }
    }

    /// When an answer is given that waits for the log, or does not. None overtakes another one.
    #[inline]
    pub(crate) fn turn(&mut self, answer: Answer, waits: bool) -> Turn {
        if !waits && self.inflight.unanswered == 0 {
            return Turn::Now;
        }
        self.inflight.wait(answer);
        if answer == Answer::Pubrec && self.durable_session().is_some() {
            self.inflight.undecided += 1;
            return Turn::LaterForSession;
        }
        Turn::Later
    }

    /// It is the turn of an answer. Nobody is told that something is stored that is not: version 5 has a code
    /// for that, but not in PUBCOMP. What is refused for what it is counts as taken in MQTT 3.1.1, unless
    /// `refusals` says otherwise.
    #[inline]
    pub(crate) fn conclude(
        &mut self,
        Acknowledgement { id, answer, .. }: Acknowledgement,
        refused: Option<&Rejection>,
        refusals: Refusals,
    ) -> Conclusion {
        let refused = self.inflight.conclude(id, answer, refused, self.durability);
        if !self.is_up() {
            return Conclusion::Gone;
        }
        let Some(refused) = refused else { return Conclusion::Answer(None) };
        let old = self.version != Version::V5;
        let is_mute = if refused.is_temporary() {
            old || answer == Answer::Pubcomp
        } else {
            old && refusals == Refusals::Close && answer != Answer::Pubcomp
        };
        if is_mute { Conclusion::Unanswered } else { Conclusion::Answer(Some(refused)) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use broker_codec::PacketId;
    use uns_model::{Reason, SessionNo};

    use super::*;
    use crate::peer::Peer;
    use crate::sessions::phase::Phase;

    fn connection(version: Version) -> Connection<()> {
        let new = Connection::new(Peer::default(), Duration::ZERO);
        Connection { version, phase: Phase::Up, ..new }
    }

    #[test]
    fn no_answer_overtakes_one_that_waits() {
        let mut client = connection(Version::V5);
        assert_eq!(client.turn(Answer::Puback, false), Turn::Now);
        assert_eq!(client.turn(Answer::Puback, true), Turn::Later);
        assert_eq!(client.turn(Answer::Pubcomp, false), Turn::Later);
        client.inflight.answered(Answer::Puback);
        assert_eq!(client.turn(Answer::Puback, false), Turn::Later);
        client.inflight.answered(Answer::Puback);
        client.inflight.answered(Answer::Pubcomp);
        assert_eq!(client.turn(Answer::Puback, false), Turn::Now);
    }

    #[test]
    fn a_durable_session_stays_here_until_its_publishes_of_qos_2_are_decided() {
        let mut client = connection(Version::V5);
        client.session.begin(SessionNo(7), true);
        for (answer, turn, undecided) in [
            (Answer::Puback, Turn::Later, 0),
            (Answer::Pubrec, Turn::LaterForSession, 1),
            (Answer::PubrecAgain, Turn::Later, 1),
            (Answer::Pubcomp, Turn::Later, 1),
        ] {
            assert_eq!((client.turn(answer, true), client.inflight.undecided), (turn, undecided));
        }
    }

    #[test]
    fn what_answers_wait_for_is_the_listeners_to_say() {
        for (durability, works, fails) in [
            (Durability::Commit, true, true),
            (Durability::Interval, false, true),
            (Durability::Memory, false, false),
        ] {
            let client = Connection { durability, ..connection(Version::V5) };
            let waits = [false, true].map(|failing| client.answers_after_commit(failing));
            assert_eq!(waits, [works, fails]);
        }
    }

    #[test]
    fn a_refusal_is_answered_where_the_answer_is_true() {
        let refusal = |reason| Rejection::new(reason, "for a test");
        let (full, invalid) = (refusal(Reason::StorageFull), refusal(Reason::TopicInvalid));
        let check = |version, answer, refused: &Rejection, refusals| {
            let said = Acknowledgement { id: PacketId::FIRST, answer, refused_rows: 0 };
            match connection(version).conclude(said, Some(refused), refusals) {
                Conclusion::Answer(told) => told.as_ref() == Some(refused),
                Conclusion::Unanswered | Conclusion::Gone => false,
            }
        };
        let (v5, old) = (Version::V5, Version::V311);
        let (take, close) = (Refusals::Acknowledge, Refusals::Close);
        assert!(check(v5, Answer::Puback, &full, take));
        assert!(!check(v5, Answer::Pubcomp, &full, take), "it has no code for that");
        assert!(!check(old, Answer::Puback, &full, take));
        assert!(check(old, Answer::Puback, &invalid, take));
        assert!(!check(old, Answer::Puback, &invalid, close));
        assert!(check(old, Answer::Pubcomp, &invalid, close), "that closes for publishes only");
        assert!(check(v5, Answer::Puback, &invalid, close));
    }
}
