//! Publishers whose clocks cannot be right (NS-25).

use std::sync::Arc;

use crate::Timestamp;

/// What is wrong with the clock of a publisher.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ClockFault {
    /// It is over 60 s ahead of the hub's.
    Ahead,
    /// It names times no plant lives in.
    OutOfRange,
    /// Its publisher names times that cannot be read, which says nothing of the clock.
    Unreadable,
    /// It was set back: what its publisher sends counts as late until it has caught up.
    SetBack,
}

impl ClockFault {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::OutOfRange => "out_of_range",
            Self::Unreadable => "unreadable",
            Self::SetBack => "set_back",
        }
    }
}

/// One publisher whose source times were not believed, for one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClockViolation {
    /// Its client id; its number where that is not known any more.
    pub client_id: Arc<str>,
    /// What is wrong.
    pub fault: ClockFault,
    /// How many messages named such a time, since the hub started.
    pub messages: u64,
    /// How many nanoseconds its clock was from the hub's, the last time: ahead above zero. None
    /// where its time could not be read.
    pub offset: Option<i64>,
    /// The farthest that it was.
    pub worst: Option<i64>,
    /// Where it published such a time last.
    pub topic: Option<Arc<str>>,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}
