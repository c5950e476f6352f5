//! How one connection ends: what its DISCONNECT asks for, what it is told, and what of it concerns others.

use broker_codec::{Disconnect, ReasonCode, Version};
use fabric::Will;

use super::clients::WithdrawnWills;
use super::connection::Connection;
use super::phase::Phase;
use crate::key::Address;
use crate::outbound::control::LastWord;
use crate::stats::{End, Stats};

/// The end of a connection, as far as others see it.
#[derive(Debug)]
pub(crate) struct ConnectionEnd {
    /// It had claimed a client id.
    pub(crate) had_client_id: bool,
    /// The log knows its session.
    pub(crate) is_logged: bool,
    /// A CONNECT that was not accepted leaves no will [MQTT-3.1.2-8].
    pub(crate) withdrawn: Option<WithdrawnWills>,
}

impl<N> Connection<N> {
    /// DISCONNECT came from the client; whether it takes its will back.
    ///
    /// # Errors
    /// A Session Expiry Interval of 0 may not be raised on leaving [MQTT-3.14.2-2].
    pub(crate) fn disconnect(
        &mut self,
        disconnect: &Disconnect<'_>,
        session_expiry_max: u32,
    ) -> Result<bool, ReasonCode> {
        if let Some(expiry) = disconnect.properties.session_expiry_interval {
            if expiry > 0 && !self.session.wanted {
                return Err(ReasonCode::ProtocolError);
            }
            self.session.expiry = expiry.min(session_expiry_max);
        }
        Ok(disconnect.reason == ReasonCode::NORMAL_DISCONNECTION)
    }

    /// What it is told when it ends for this reason: DISCONNECT in version 5, CONNACK before it is connected.
    pub(crate) fn last_word(&self, reason: ReasonCode) -> Option<LastWord> {
        match self.phase {
            Phase::Closing { .. } => None,
            Phase::Up => (self.version == Version::V5).then_some(LastWord::Disconnect(reason)),
            // CONNACK has no code for it, and its client may try again.
            Phase::Claiming(_) | Phase::Confirming(_) if reason == ReasonCode::SessionTakenOver => {
                Some(LastWord::Connack(ReasonCode::ServerBusy))
            }
            _ => Some(LastWord::Connack(reason)),
        }
    }

    /// Counts its end, the first time it is counted.
    pub(crate) fn count_end(&self, cause: End, stats: &mut Stats) {
        match self.phase {
            Phase::Claiming(_) | Phase::Confirming(_) | Phase::Up => {
                stats.ended[cause as usize] += 1;
            }
            Phase::Closing { .. } => {}
            // A socket that is gone before CONNECT was nobody's connection.
            _ if cause == End::Lost => {}
            _ => stats.refused[cause as usize] += 1,
        }
    }

    /// It ends from here on; nothing if it does already.
    pub(crate) fn begin_end(&mut self, me: Address) -> Option<ConnectionEnd> {
        let (had_client_id, is_accepted) = match self.phase {
            Phase::Closing { .. } => return None,
            Phase::New | Phase::Asking(_) | Phase::Exchanging(_) | Phase::Refused(..) => {
                (false, true)
            }
            Phase::Claiming(_) | Phase::Confirming(_) => (true, false),
            Phase::Up => (true, true),
        };
        let withdrawn = if is_accepted { None } else { self.withdraw_will(me) };
        self.begin_closing();
        let is_logged = self.session.number.is_some();
        Some(ConnectionEnd { had_client_id, is_logged, withdrawn })
    }

    /// It takes its will back, which the log is to hear if it knows of it.
    pub(crate) fn withdraw_will(&mut self, me: Address) -> Option<WithdrawnWills> {
        self.will.take()?;
        let sessions = vec![self.session.number?];
        let (org, client_id) = (self.org, self.client_id.clone());
        Some(WithdrawnWills { org, client_id, sessions, by: Some(me) })
    }

    /// The client is lost: its will, if it is due now. Where its session waits, one with a delay is left to
    /// the ledger's clock.
    pub(crate) fn take_due_will(&mut self, waits: bool) -> Option<Box<Will>> {
        self.will.take().filter(|will| !waits || will.delay == 0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use broker_codec::DisconnectProperties;
    use uns_model::SessionNo;

    use super::*;
    use crate::key::{CoreNo, Key};
    use crate::peer::Peer;

    const ME: Address = Address { core: CoreNo(0), key: Key { slot: 1, generation: 0 } };

    fn claiming() -> Phase {
        Phase::Claiming(Box::default())
    }

    fn connection(phase: Phase, version: Version) -> Connection<()> {
        let new = Connection::new(Peer::default(), Duration::ZERO);
        Connection { phase, version, will: Some(Box::new(will(0))), ..new }
    }

    fn will(delay: u32) -> Will {
        let (payload, properties) = Default::default();
        let topic = "a".into();
        Will { topic, payload, properties, qos: 0, retain: false, expiry: None, delay }
    }

    #[test]
    fn the_last_word_is_one_that_the_client_understands() {
        let taken = ReasonCode::SessionTakenOver;
        let check = |phase, version| connection(phase, version).last_word(taken);
        assert_eq!(check(Phase::Up, Version::V5), Some(LastWord::Disconnect(taken)));
        assert_eq!(check(Phase::Up, Version::V311), None);
        let busy = Some(LastWord::Connack(ReasonCode::ServerBusy));
        assert_eq!(check(claiming(), Version::V311), busy);
        assert_eq!(check(Phase::New, Version::V5), Some(LastWord::Connack(taken)));
        assert_eq!(check(Phase::Closing { connected: true }, Version::V5), None);
    }

    #[test]
    fn an_end_is_counted_once() {
        let count = |phase, cause| {
            let mut stats = Stats::default();
            connection(phase, Version::V5).count_end(cause, &mut stats);
            (stats.ended[cause as usize], stats.refused[cause as usize])
        };
        assert_eq!(count(Phase::Up, End::Lost), (1, 0));
        assert_eq!(count(claiming(), End::Limit), (1, 0));
        assert_eq!(count(Phase::New, End::Limit), (0, 1));
        assert_eq!(count(Phase::New, End::Lost), (0, 0));
        assert_eq!(count(Phase::Closing { connected: true }, End::Lost), (0, 0));
    }

    #[test]
    fn only_who_was_accepted_leaves_a_will() {
        for (phase, had_client_id, leaves) in
            [(Phase::Up, true, true), (claiming(), true, false), (Phase::New, false, true)]
        {
            let mut connection = connection(phase, Version::V5);
            connection.session.begin(SessionNo(7), false);
            let end = connection.begin_end(ME).unwrap();
            assert!(end.is_logged && end.had_client_id == had_client_id);
            assert_eq!(end.withdrawn.is_none(), leaves);
            assert_eq!(connection.will.is_some(), leaves);
            assert!(connection.begin_end(ME).is_none(), "it ends once");
        }
    }

    #[test]
    fn a_will_with_a_delay_waits_with_its_session() {
        for (delay, waits, due) in [(0, true, true), (9, true, false), (9, false, true)] {
            let mut connection = connection(Phase::Up, Version::V5);
            connection.will = Some(Box::new(will(delay)));
            assert_eq!(connection.take_due_will(waits).is_some(), due);
            assert!(connection.will.is_none());
        }
    }

    #[test]
    fn who_wanted_no_session_gets_none_on_leaving() {
        let check = |wanted, asked, reason| {
            let mut connection = connection(Phase::Up, Version::V5);
            (connection.session.wanted, connection.session.expiry) = (wanted, 5);
            let properties = DisconnectProperties {
                session_expiry_interval: asked,
                ..DisconnectProperties::default()
            };
            let withdraws = connection.disconnect(&Disconnect { reason, properties }, 100)?;
            Ok((withdraws, connection.session.expiry))
        };
        let (normal, will) =
            (ReasonCode::NORMAL_DISCONNECTION, ReasonCode::DisconnectWithWillMessage);
        assert_eq!(check(false, Some(1), normal), Err(ReasonCode::ProtocolError));
        assert_eq!(check(false, Some(0), normal), Ok((true, 0)));
        assert_eq!(check(true, Some(1000), will), Ok((false, 100)));
        assert_eq!(check(true, None, normal), Ok((true, 5)));
    }
}
