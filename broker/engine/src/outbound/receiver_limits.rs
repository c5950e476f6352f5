//! How much a client takes, as its CONNECT says.

use std::num::{NonZeroU16, NonZeroU32};

use super::aliases::Aliases;
use super::client::Outbound;
use super::window::Window;
use crate::config::Config;

/// How much a client takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceiverLimits {
    pub(crate) receive_maximum: Option<NonZeroU16>,
    pub(crate) packet_bytes_max: Option<NonZeroU32>,
    /// 0 in MQTT 3.1.1, which has no property to ask for aliases.
    pub(crate) topic_alias_maximum: u16,
}

impl Outbound {
    /// The client is sent no more than it takes, and no more than the broker allows.
    pub(crate) fn set_limits(&mut self, config: &Config, limits: &ReceiverLimits) {
        let packet_max = limits.packet_bytes_max.map_or(u32::MAX, NonZeroU32::get);
        let window = limits.receive_maximum.map_or(u16::MAX, NonZeroU16::get);
        // What was said before, as AUTH is, may still be on its way.
        self.packet_bytes_max = usize::try_from(packet_max).unwrap_or(usize::MAX);
        self.window = Window::new(0, window.min(config.inflight_max));
        let aliases = limits.topic_alias_maximum.min(config.topic_alias_out_maximum);
        self.aliases = Aliases::new(aliases);
    }
}
