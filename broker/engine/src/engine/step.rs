//! What became of one packet, and of the bytes it came in.

use broker_codec::{Error, Framed, ReasonCode};

/// What became of received bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// So many were used; the rest is an incomplete packet.
    More(usize),
    /// So many were used; the rest has to wait until the connection is in
    /// [`crate::Effects::resumed`].
    Paused(usize),
    /// Nothing more is wanted from this client.
    Done,
}

/// A whole packet that is not decoded yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawPacket<'a> {
    pub(super) framed: &'a Framed,
    /// The received bytes, from its first one on.
    pub(super) bytes: &'a [u8],
}

/// Whether to go on with the next packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Next,
    /// Not this packet, not now.
    Wait,
}

/// A packet that ends the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fatal(pub(super) ReasonCode);

impl From<Error> for Fatal {
    fn from(error: Error) -> Self {
        Self(error.reason())
    }
}
