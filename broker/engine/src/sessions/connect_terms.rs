//! What a CONNECT asks for, and what of it is granted.

use std::time::Duration;

use broker_codec::{ReasonCode, Version};

use uns_model::PublisherId;

use super::connect_request::ConnectRequest;
use super::connection::Connection;
use super::phase::ConnackDetails;
use crate::config::Config;

/// What any CONNECT is granted at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectLimits {
    /// Seconds a session may outlive its connection.
    session_expiry_max: u32,
    /// Seconds of keep alive; 0 for any.
    keep_alive_max: u16,
}

/// What is granted of a CONNECT.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct ConnectTerms {
    /// Seconds the session outlives its connection.
    pub(crate) session_expiry: u32,
    /// Whether CONNECT asked for a session that outlives the connection.
    pub(crate) wants_session: bool,
    /// How long the client may be silent.
    pub(crate) silence_max: Option<Duration>,
    /// What CONNACK says of it.
    pub(crate) connack: ConnackDetails,
}

impl ConnectLimits {
    /// Without a log no session outlives its connection.
    pub(crate) fn new(config: &Config, has_log: bool) -> Self {
        let session_expiry_max = if has_log { config.session_expiry_max } else { 0 };
        Self { session_expiry_max, keep_alive_max: config.keep_alive_max }
    }
}

impl ConnectRequest {
    /// What is granted of it.
    ///
    /// # Errors
    /// A session without a client id could never be resumed [MQTT-3.1.3-8].
    pub(crate) fn terms(
        &self,
        version: Version,
        limits: ConnectLimits,
    ) -> Result<ConnectTerms, ReasonCode> {
        let Self { clean_start, keep_alive, session_expiry: wish, .. } = *self;
        let assigned_client_id = self.client_id.is_empty();
        if assigned_client_id && version != Version::V5 && !clean_start {
            return Err(ReasonCode::ClientIdentifierNotValid);
        }
        let wish = wish.unwrap_or(0);
        let session_expiry = match version {
            Version::V5 => wish.min(limits.session_expiry_max),
            Version::V31 | Version::V311 if clean_start => 0,
            Version::V31 | Version::V311 => limits.session_expiry_max,
        };
        let granted = granted_keep_alive(version, keep_alive, limits.keep_alive_max);
        Ok(ConnectTerms {
            session_expiry,
            wants_session: wish > 0,
            silence_max: (granted > 0).then(|| Duration::from_millis(u64::from(granted) * 1500)),
            connack: ConnackDetails {
                clean_start,
                assigned_client_id,
                server_keep_alive: (granted != keep_alive).then_some(granted),
                session_expiry: (wish != session_expiry).then_some(session_expiry),
                authentication: None,
            },
        })
    }
}

impl<N> Connection<N> {
    /// What is granted of its CONNECT holds from here on.
    pub(crate) fn grant(
        &mut self,
        client_id: Box<str>,
        publisher: PublisherId,
        terms: &ConnectTerms,
    ) {
        (self.client_id, self.publisher) = (client_id, publisher);
        self.session.wanted = terms.wants_session;
        self.session.expiry = terms.session_expiry;
        self.durability = self.peer.durability;
        self.silence_max = terms.silence_max;
    }
}

/// Only MQTT 5 can tell a client of another keep alive than its own (3.2.2.3.14); a client of 3.1.1
/// that asked for none would be ended for a silence it may keep (3.1.2.10).
fn granted_keep_alive(version: Version, wish: u16, max: u16) -> u16 {
    let lowers = version == Version::V5 && max > 0;
    if lowers && (wish == 0 || wish > max) { max } else { wish }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::receiver_limits::ReceiverLimits;

    const LIMITS: ConnectLimits = ConnectLimits { session_expiry_max: 100, keep_alive_max: 60 };

    fn request(client_id: &str, clean_start: bool) -> ConnectRequest {
        let limits = ReceiverLimits {
            receive_maximum: None,
            packet_bytes_max: None,
            topic_alias_maximum: 0,
        };
        ConnectRequest {
            client_id: client_id.into(),
            clean_start,
            keep_alive: 0,
            session_expiry: None,
            limits,
            will: None,
        }
    }

    #[test]
    fn a_session_outlives_its_connection_as_long_as_its_version_asks_and_the_log_allows() {
        let (no_log, old) = (ConnectLimits { session_expiry_max: 0, ..LIMITS }, Version::V311);
        for (version, clean, wish, limits, granted, told) in [
            (Version::V5, false, None, LIMITS, 0, None),
            (Version::V5, true, Some(7), LIMITS, 7, None),
            (Version::V5, false, Some(u32::MAX), LIMITS, 100, Some(100)),
            (Version::V5, false, Some(7), no_log, 0, Some(0)),
            (old, false, None, LIMITS, 100, Some(100)),
            (old, true, None, LIMITS, 0, None),
            (old, false, None, no_log, 0, None),
        ] {
            let request = ConnectRequest { session_expiry: wish, ..request("a", clean) };
            let terms = request.terms(version, limits).unwrap();
            let case = format!("{version:?}, clean {clean}, {wish:?}");
            assert_eq!(terms.session_expiry, granted, "{case}");
            assert_eq!(terms.connack.session_expiry, told, "{case}");
            assert_eq!(terms.wants_session, wish.is_some(), "{case}");
        }
    }

    #[test]
    fn only_version_5_is_told_of_another_keep_alive() {
        for (version, wish, granted, told) in [
            (Version::V5, 0, 60, Some(60)),
            (Version::V5, 61, 60, Some(60)),
            (Version::V5, 60, 60, None),
            (Version::V311, 0, 0, None),
            (Version::V311, 61, 61, None),
        ] {
            let request = ConnectRequest { keep_alive: wish, ..request("a", true) };
            let terms = request.terms(version, LIMITS).unwrap();
            let silence = Duration::from_millis(granted * 1500);
            assert_eq!(terms.silence_max, Some(silence).filter(|_| granted > 0));
            assert_eq!(terms.connack.server_keep_alive, told);
        }
    }

    #[test]
    fn a_client_id_is_assigned_unless_a_session_is_to_be_found_by_it() {
        for (version, clean_start, assigned) in [
            (Version::V5, true, true),
            (Version::V5, false, true),
            (Version::V311, true, true),
            (Version::V311, false, false),
        ] {
            let terms = request("", clean_start).terms(version, LIMITS);
            let told = terms.map(|terms| terms.connack.assigned_client_id);
            let refused = Err(ReasonCode::ClientIdentifierNotValid);
            assert_eq!(told, if assigned { Ok(true) } else { refused });
        }
    }
}
