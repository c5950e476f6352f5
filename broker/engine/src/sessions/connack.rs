//! What CONNACK says to a client that is connected.

use std::num::{NonZeroU16, NonZeroU32};

use broker_codec::{Connack, ConnackProperties, ReasonCode, Version};

use super::connection::Connection;
use super::phase::ConnackDetails;
use crate::config::Config;

impl<N> Connection<N> {
    /// Its CONNACK. Versions before MQTT 5 have no properties.
    pub(crate) fn connack<'a>(
        &'a self,
        config: &Config,
        details: &'a ConnackDetails,
        session_present: bool,
    ) -> Connack<'a> {
        let properties = match self.version {
            Version::V31 | Version::V311 => ConnackProperties::default(),
            Version::V5 => ConnackProperties {
                session_expiry_interval: details.session_expiry,
                receive_maximum: NonZeroU16::new(config.receive_maximum),
                maximum_packet_size: u32::try_from(config.packet_bytes_max)
                    .ok()
                    .and_then(NonZeroU32::new),
                assigned_client_identifier: details.assigned_client_id.then_some(&*self.client_id),
                topic_alias_maximum: Some(config.topic_alias_maximum),
                server_keep_alive: details.server_keep_alive,
                authentication_method: self.log_in.method.as_deref(),
                authentication_data: details.authentication.as_deref().filter(|d| !d.is_empty()),
                ..ConnackProperties::default()
            },
        };
        Connack { session_present, reason: ReasonCode::Success, properties }
    }
}
