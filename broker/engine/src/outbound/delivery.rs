//! How one client gets one message.

use std::num::NonZeroU32;
use std::sync::Arc;

use broker_codec::PacketId;

use crate::owed_live::OwedLive;
use crate::routing::tree::ShareName;

/// How one client gets a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) ids: &'a [NonZeroU32],
    /// The identifier it has from the ledger; `None` for the next free one.
    pub(crate) again: Option<Again>,
    /// The share it is a member of.
    pub(crate) share: Option<&'a Arc<ShareName>>,
    /// The record that is owed to it, if it has no session that lasts.
    pub(crate) owed_live: Option<&'a Arc<OwedLive>>,
}

/// A packet that may have been sent before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    pub(crate) id: PacketId,
    pub(crate) dup: bool,
}

impl Delivery<'_> {
    pub(crate) fn new(qos: u8, retain: bool) -> Self {
        Self { qos, retain, ids: &[], again: None, share: None, owed_live: None }
    }

    /// The flags of the first byte of PUBLISH.
    pub(super) fn flags(&self) -> u8 {
        let dup = self.again.is_some_and(|again| again.dup);
        u8::from(dup) << 3 | self.qos << 1 | u8::from(self.retain)
    }
}
