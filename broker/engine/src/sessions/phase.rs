//! Where a connection stands between its CONNECT and its end, and what is kept of the CONNECT meanwhile.

use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use broker_codec::ReasonCode;

use fabric::Will;

use crate::login::{Exchange, Identity};

/// Where a connection stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Nothing but a CONNECT is expected.
    New,
    /// Its log-in is being verified; nothing is read until it is.
    Asking(Box<Introduction>),
    /// It authenticates; nothing but AUTH is expected.
    Exchanging(Box<LogInUnderWay>),
    /// Its log-in failed, which it is told at that time; nothing is read until then.
    Refused(ReasonCode, Duration),
    /// The client id is being taken over from another core; nothing is read until it is.
    Claiming(Box<Welcome>),
    /// The client id is this connection's, and the log does not know yet that the session before has
    /// ended; nothing is read until it does.
    Confirming(Box<Welcome>),
    /// Connected.
    Up,
    /// What is in the output goes out, then the socket is closed; whether it was connected.
    Closing { connected: bool },
}

impl Phase {
    /// Whether CONNACK is still to be said, and nobody else knows of the connection.
    pub(crate) fn is_before_session(&self) -> bool {
        matches!(self, Self::New | Self::Asking(_) | Self::Exchanging(_) | Self::Refused(..))
    }
}

/// What a CONNECT said, for as long as it takes to find out who it is.
#[derive(Debug)]
pub(crate) struct Introduction {
    /// Empty if the broker is to choose one.
    pub(crate) client_id: Box<str>,
    /// Clean Start; Clean Session in MQTT 3.1.1.
    pub(crate) clean_start: bool,
    pub(crate) keep_alive: u16,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) receive_maximum: Option<NonZeroU16>,
    pub(crate) packet_bytes_max: Option<NonZeroU32>,
    pub(crate) topic_alias_maximum: u16,
    pub(crate) will: Option<Box<Will>>,
}

/// A client that may come in: who it is, and what its CONNECT asked for.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) identity: Identity,
    pub(crate) introduction: Introduction,
    /// Authentication Data of CONNACK, after enhanced authentication.
    pub(crate) authentication: Option<Vec<u8>>,
}

/// Enhanced authentication under way.
pub(crate) struct Conversation {
    pub(crate) exchange: Box<dyn Exchange>,
    /// When it began.
    pub(crate) since: Duration,
    /// Packets of the client in it.
    pub(crate) steps: u8,
}

impl Conversation {
    pub(crate) fn new(exchange: Box<dyn Exchange>, now: Duration) -> Self {
        Self { exchange, since: now, steps: 0 }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// A log-in by enhanced authentication that is not over.
#[derive(Debug)]
pub(crate) struct LogInUnderWay {
    pub(crate) introduction: Introduction,
    pub(crate) conversation: Conversation,
}

/// What CONNACK will say.
#[derive(Debug, Default)]
pub(crate) struct Welcome {
    /// Whether the client wants none of its old session.
    pub(crate) clean_start: bool,
    pub(crate) assigned_client_id: bool,
    pub(crate) server_keep_alive: Option<u16>,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) authentication: Option<Vec<u8>>,
}
