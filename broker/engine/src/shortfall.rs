//! Slow clients that lose messages of QoS 1 and 2, for the operators' log and the client itself.

/// Why a client does not get all it was to get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shortfall {
    /// Its session is owed as much as it may be.
    Quota,
    /// The log does not have any more what its session is owed.
    Gone,
    /// It has no session that lasts, and as much waits for it as may.
    Queue,
}

impl Shortfall {
    /// Its name, as of a reason.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quota => "session_quota",
            Self::Gone => "session_retention",
            Self::Queue => "queue_full",
        }
    }

    /// What its client is told, if it can be.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Quota => {
                "this session is owed as much as it may be (mqtt.session_messages_max, \
                 mqtt.session_bytes_max): what goes beyond is dropped and counted, all else is kept \
                 and delivered when its client is back"
            }
            Self::Gone => {
                "the log does not have any more what this session was owed: that is dropped and \
                 counted, all else is kept and delivered when its client is back"
            }
            Self::Queue => "as much waits for this client as may: what goes beyond is dropped",
        }
    }

    /// What helps.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Quota => {
                "have its client acknowledge faster, raise mqtt.session_messages_max and \
                 mqtt.session_bytes_max, or end the session with uns broker forget"
            }
            Self::Gone => {
                "have its client come and acknowledge sooner, or keep more of the log \
                 (log.keep_percent)"
            }
            Self::Queue => {
                "have it read faster, or connect with a session that lasts, which is owed up to \
                 mqtt.session_messages_max messages"
            }
        }
    }
}

/// A client that lost messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FellShort {
    /// Which one.
    pub client_id: Box<str>,
    /// Where it comes from.
    pub address: Box<str>,
    /// How many since operators were told of it last.
    pub lost: u64,
    /// Why.
    pub why: Shortfall,
}
