//! Why a publish was refused.

use std::fmt;

use uns_model::{NO_RIGHT_TO_PUBLISH, Reason};

use super::output::Output;

/// A refused publish: the stable reason, words for a person, and what became of its description.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// The stable reason.
    pub reason: Reason,
    /// The MQTT 5 reason code: that of the reason, unless the packet itself was the fault.
    pub code: u8,
    /// What was wrong and where.
    pub detail: String,
    /// The name of its dead letter, once it has one.
    pub dead_id: Option<Box<str>>,
    /// The number its core gave to the dead letter that the answer waits for, if it waits.
    pub letter: Option<u64>,
    /// What the fabric says about it to subscribers (NS-17): a violation, an alert. There are no records of
    /// these yet.
    pub said: Option<Box<Vec<Output>>>,
}

impl Rejection {
    /// A refusal in words.
    pub fn new(reason: Reason, detail: impl fmt::Display) -> Self {
        let (code, detail) = (reason.mqtt5(), detail.to_string());
        Self { reason, code, detail, dead_id: None, letter: None, said: None }
    }

    /// The refusal of what its publisher may not publish, and of what it may not hear of: both are
    /// told in the same words, so that a denied topic cannot be told from one that does not exist.
    pub fn no_right() -> Self {
        Self::new(Reason::NotAuthorized, NO_RIGHT_TO_PUBLISH)
    }

    /// Whether the same publish may be taken later: there is no room for it now.
    pub fn is_temporary(&self) -> bool {
        matches!(self.reason, Reason::StorageFull | Reason::MemoryFull)
    }
}
