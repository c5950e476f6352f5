//! One subscription of a session.

use std::num::NonZeroU32;
use std::sync::Arc;

/// A filter with its options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// The filter as subscribed, `$share/…` included.
    pub filter: Arc<str>,
    /// The MQTT 5 subscription options with the granted QoS.
    pub options: u8,
    /// Its Subscription Identifier.
    pub identifier: Option<NonZeroU32>,
    /// Whether its retained messages are still to be sent.
    pub walk: bool,
}
