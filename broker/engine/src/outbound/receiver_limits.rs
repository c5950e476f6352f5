//! How much a client takes, as its CONNECT says.

use std::num::{NonZeroU16, NonZeroU32};

use broker_codec::{Connect, Version};

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

impl ReceiverLimits {
    pub(crate) fn of(connect: &Connect<'_>) -> Self {
        let properties = &connect.properties;
        Self {
            receive_maximum: properties.receive_maximum,
            packet_bytes_max: properties.maximum_packet_size,
            topic_alias_maximum: properties.topic_alias_maximum.unwrap_or(0),
        }
    }

    fn packet_bytes_max(&self) -> usize {
        let max = self.packet_bytes_max.map_or(u32::MAX, NonZeroU32::get);
        usize::try_from(max).unwrap_or(usize::MAX)
    }
}

impl Outbound {
    /// CONNECT came. What is said before CONNACK is as short as the client asks, too.
    pub(crate) fn begin_connect(&mut self, version: Version, limits: &ReceiverLimits) {
        self.version = version;
        self.packet_bytes_max = limits.packet_bytes_max();
    }

    /// The client is sent no more than it takes, and no more than the broker allows.
    pub(crate) fn set_limits(&mut self, config: &Config, limits: &ReceiverLimits) {
        let window = limits.receive_maximum.map_or(u16::MAX, NonZeroU16::get);
        // What was said before, as AUTH is, may still be on its way.
        self.packet_bytes_max = limits.packet_bytes_max();
        self.window = Window::new(0, window.min(config.inflight_max));
        let aliases = limits.topic_alias_maximum.min(config.topic_alias_out_maximum);
        self.aliases = Aliases::new(aliases);
    }
}
