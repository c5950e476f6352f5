//! Where a connection stands between its CONNECT and its end, and what is kept of the CONNECT meanwhile.

use std::time::Duration;

use broker_codec::ReasonCode;

use super::connect_request::ConnectRequest;
use super::conversation::LogInUnderWay;
use crate::login::Identity;

/// Where a connection stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Nothing but a CONNECT is expected.
    New,
    /// Its log-in is being verified; nothing is read until it is.
    Asking(Box<ConnectRequest>),
    /// It authenticates; nothing but AUTH is expected.
    Exchanging(Box<LogInUnderWay>),
    /// Its log-in failed, which it is told at that time; nothing is read until then.
    Refused(ReasonCode, Duration),
    /// The client id is being taken over from another core; nothing is read until it is.
    Claiming(Box<ConnackDetails>),
    /// The client id is this connection's, and the log does not know yet that the session before has
    /// ended; nothing is read until it does.
    Confirming(Box<ConnackDetails>),
    /// Connected.
    Up,
    /// What is in the output goes out, then the socket is closed; whether it was connected.
    Closing { connected: bool },
}

/// A log-in that succeeded, and what its CONNECT asked for.
#[derive(Debug)]
pub(crate) struct AcceptedLogIn {
    pub(crate) identity: Identity,
    pub(crate) request: ConnectRequest,
    /// Authentication Data of CONNACK, after enhanced authentication.
    pub(crate) authentication: Option<Vec<u8>>,
}

/// What CONNACK will say.
#[derive(PartialEq, Eq, Debug, Default)]
pub(crate) struct ConnackDetails {
    /// Whether the client wants none of its old session.
    pub(crate) clean_start: bool,
    pub(crate) assigned_client_id: bool,
    pub(crate) server_keep_alive: Option<u16>,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) authentication: Option<Vec<u8>>,
}
