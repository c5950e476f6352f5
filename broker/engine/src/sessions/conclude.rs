//! What an answer that is due means for its packet identifier.

use broker_codec::PacketId;
use fabric::Rejection;
use uns_model::Reason;

use super::connection::Connection;
use crate::commits::waiter::Answer;
use crate::config::Durability;

impl<N> Connection<N> {
    /// An answer is due: what that means for the identifier, and what is refused after all.
    pub(crate) fn conclude(
        &mut self,
        id: PacketId,
        answer: Answer,
        refused: Option<&Rejection>,
    ) -> Option<Rejection> {
        match answer {
            Answer::Puback => refused.cloned(),
            Answer::Pubrec => {
                // Not taken: sent again, it is a new publish.
                self.received.decide(id, refused.is_none());
                refused.cloned()
            }
            // It shares the fate of the one it repeats, whatever became of others meanwhile.
            Answer::PubrecAgain => (!self.received.is_in_use(id)).then(not_taken),
            Answer::Pubcomp => match refused.filter(|refused| refused.is_temporary()) {
                None => {
                    self.received.complete(id);
                    refused.cloned()
                }
                Some(_) if self.durability == Durability::Memory => {
                    self.received.complete(id);
                    self.unforgotten.insert(id);
                    None
                }
                Some(_) => {
                    self.received.keep(id);
                    refused.cloned()
                }
            },
        }
    }
}

fn not_taken() -> Rejection {
    Rejection::new(Reason::StorageFull, "the PUBLISH that this one repeats could not be stored")
}
