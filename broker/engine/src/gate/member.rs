//! One of those who are owed a record.

use std::num::NonZeroU32;
use std::sync::Arc;

use uns_model::SessionNo;

use crate::routing::tree::ShareName;

/// A durable session that is owed a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Which one.
    pub session: SessionNo,
    /// With which QoS it gets the message: 1 or 2.
    pub qos: u8,
    /// Whether the publisher's RETAIN flag passes to it.
    pub retain: bool,
    /// Its Subscription Identifiers, ascending.
    pub ids: Option<Arc<[NonZeroU32]>>,
    /// The share whose chosen member it is.
    pub share: Option<Arc<ShareName>>,
}
