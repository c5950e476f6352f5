//! Why a publish was refused.

use std::fmt;

use broker_codec::ReasonCode;

use crate::dead::LetterNo;

/// Why a publish was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// The MQTT 5 reason code.
    pub code: ReasonCode,
    /// A stable name.
    pub reason: &'static str,
    /// For people.
    pub detail: String,
    /// The name of its dead letter, if there is one.
    pub dead_id: Option<Box<str>>,
    /// The number of its dead letter, if its answer waits for that.
    pub letter: Option<LetterNo>,
}

/// The reason of a publish that may be taken later: the log has no room for it now.
pub(crate) const STORAGE_FULL: &str = "storage_full";
/// The same for lack of memory.
pub(crate) const MEMORY_FULL: &str = "memory_full";

impl Rejection {
    /// A refusal in words.
    pub fn new(code: ReasonCode, reason: &'static str, detail: impl fmt::Display) -> Self {
        let detail = detail.to_string();
        Self { code, reason, detail, dead_id: None, letter: None }
    }

    /// Whether the same publish may be taken later, when there is room again.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self.reason, STORAGE_FULL | MEMORY_FULL)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}
