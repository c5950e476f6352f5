//! Packets of a client that are not answered: its publishes and their releases, and its SUBSCRIBE and
//! UNSUBSCRIBE where they wait for a commit.

use std::collections::HashSet;

use ahash::RandomState;
use broker_codec::{PacketId, Publish, QoS, Version};
use fabric::Rejection;
use uns_model::Reason;

use super::exchanges::Exchanges;
use crate::commits::waiter::Answer;
use crate::config::Durability;

/// What a publish beyond the receive maximum means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Excess {
    /// 3.1.1 knows no maximum: it is read later.
    Wait,
    /// CONNACK said how many there may be.
    Error,
}

/// What one client has sent and has no answer to.
#[derive(Debug, Default)]
pub(crate) struct Inflight {
    /// Packets whose answer waits for a commit.
    pub(crate) unanswered: u32,
    /// Those of them that are PUBLISH with QoS 1.
    unanswered_qos1: u32,
    /// QoS 2 identifiers the client uses.
    pub(crate) exchanges: Exchanges,
    /// Publishes of QoS 2 that the log has not decided about, if the session is durable; and its beginning.
    pub(crate) undecided: u32,
    /// Identifiers whose release the log did not take although PUBCOMP was said, as it is with `memory`
    /// whatever the disk does. The release is written again once the log works.
    pub(crate) unforgotten: HashSet<PacketId, RandomState>,
}

impl Inflight {
    /// An answer waits for its turn.
    pub(super) fn wait(&mut self, answer: Answer) {
        self.unanswered += 1;
        self.unanswered_qos1 += u32::from(answer == Answer::Puback);
    }

    /// It is the turn of an answer that waited.
    pub(crate) fn answered(&mut self, answer: Answer) {
        self.unanswered -= 1;
        self.unanswered_qos1 -= u32::from(answer == Answer::Puback);
    }

    /// It is the turn of so many PUBACKs.
    pub(crate) fn answered_run(&mut self, pubacks: u32) {
        self.unanswered -= pubacks;
        self.unanswered_qos1 -= pubacks;
    }

    /// A publish of QoS 2 was taken: its identifier is in use from here on.
    pub(crate) fn begin_exchange(&mut self, id: PacketId) {
        self.exchanges.begin(id);
        self.unforgotten.remove(&id);
    }

    /// PUBREL came.
    ///
    /// # Errors
    /// Its identifier is not in use.
    pub(crate) fn release(&mut self, id: PacketId) -> Result<(), Rejection> {
        if self.exchanges.release(id) {
            return Ok(());
        }
        let detail = "no PUBLISH of QoS 2 with this identifier is under way";
        Err(Rejection::new(Reason::PacketIdentifierUnknown, detail))
    }

    /// Whether one more publish is too many.
    pub(super) fn excess(
        &self,
        version: Version,
        publish: &Publish<'_>,
        max: u16,
    ) -> Option<Excess> {
        let repeated = publish.qos == QoS::ExactlyOnce
            && publish.packet_id.is_some_and(|id| self.exchanges.is_repeated(id));
        let unanswered = self.unanswered_qos1 as usize + self.exchanges.len();
        // However lenient its listener is, a packet identifier is one of so many.
        if self.unanswered >= u32::from(u16::MAX) {
            return Some(Excess::Wait);
        }
        match version {
            Version::V5 => (unanswered >= usize::from(max) && !repeated).then_some(Excess::Error),
            Version::V31 | Version::V311 => {
                (self.unanswered >= u32::from(max)).then_some(Excess::Wait)
            }
        }
    }

    /// An answer is due: what that means for the identifier, and what is refused after all.
    pub(super) fn conclude(
        &mut self,
        id: PacketId,
        answer: Answer,
        refused: Option<&Rejection>,
        durability: Durability,
    ) -> Option<Rejection> {
        match answer {
            Answer::Puback => refused.cloned(),
            Answer::Pubrec => {
                // Not taken: sent again, it is a new publish.
                self.exchanges.decide(id, refused.is_none());
                refused.cloned()
            }
            // It shares the fate of the one it repeats, whatever became of others meanwhile.
            Answer::PubrecAgain => (!self.exchanges.is_in_use(id)).then(not_taken),
            Answer::Pubcomp => match refused.filter(|refused| refused.is_temporary()) {
                None => {
                    self.exchanges.complete(id);
                    refused.cloned()
                }
                Some(_) if durability == Durability::Memory => {
                    self.exchanges.complete(id);
                    self.unforgotten.insert(id);
                    None
                }
                Some(_) => {
                    self.exchanges.keep(id);
                    refused.cloned()
                }
            },
        }
    }
}

fn not_taken() -> Rejection {
    Rejection::new(Reason::StorageFull, "the PUBLISH that this one repeats could not be stored")
}
