//! Packets over the limit, for the operators' log.

use broker_codec::PacketType;

/// A packet that was too large, for the operators' log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Oversize {
    /// Who sent it.
    pub client_id: Box<str>,
    /// Where it came from.
    pub address: Box<str>,
    /// What it is.
    pub packet: PacketType,
    /// Where a PUBLISH was to go.
    pub topic: Option<Box<str>>,
    /// How large it is.
    pub bytes: usize,
    /// How large it may be.
    pub max: usize,
}
