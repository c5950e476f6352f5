//! CONNECT, first half: who is it? What the answer needs to outlive the packet is kept meanwhile.

use broker_codec::{Connect, QoS, ReasonCode};

use super::receive::{Fatal, Step};
use super::{Engine, Now};
use crate::connection::{Accepted, Introduction, Phase, Will};
use crate::gate::Gate;
use crate::key::Key;
use crate::login::{Identity, Login, OwnedLogin, Verdict};
use crate::stats::LoginFailure;

impl<G: Gate> Engine<G> {
    pub(super) fn connect(
        &mut self,
        now: Now,
        key: Key,
        connect: &Connect<'_>,
    ) -> Result<Step, Fatal> {
        let Some(connection) = self.connections.get_mut(key) else { return Ok(Step::Next) };
        connection.version = connect.version;
        connection.outbound.version = connect.version;
        connection.problem_information =
            connect.properties.request_problem_information.unwrap_or(true);
        if let Some(reason) = connection.refuse {
            return Err(Fatal(reason));
        }
        if connect.properties.authentication_method.is_some() {
            self.turn_away(now, key, ReasonCode::BadAuthenticationMethod);
            return Ok(Step::Next);
        }
        if connect.will.is_some_and(|will| will.qos == QoS::ExactlyOnce) {
            return Err(Fatal(ReasonCode::QoSNotSupported));
        }
        let login = Login {
            client_id: connect.client_id,
            user_name: connect.user_name,
            password: connect.password,
            peer: &connection.peer,
        };
        let introduction = Introduction::of(connect);
        match self.broker.authenticate.authenticate(&login) {
            Verdict::Known(known) => self.known(now, key, introduction, known),
            Verdict::Ask => {
                self.effects.asked.push((key, OwnedLogin::new(&login)));
                connection.phase = Phase::Asking(Box::new(introduction));
            }
        }
        Ok(Step::Next)
    }

    /// A log-in of [`super::Effects::asked`] was verified.
    pub fn verified(&mut self, now: Now, key: Key, known: Result<Identity, ReasonCode>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match std::mem::replace(&mut connection.phase, Phase::New) {
            Phase::Asking(introduction) => {
                self.known(now, key, *introduction, known);
                self.effects.resumed.push(key);
            }
            // It ended meanwhile.
            phase => connection.phase = phase,
        }
    }

    fn known(
        &mut self,
        now: Now,
        key: Key,
        mut introduction: Introduction,
        known: Result<Identity, ReasonCode>,
    ) {
        match known {
            Ok(identity) => {
                // Here and not only when it is due, since it may outlive what is known of its
                // client. CONNACK has no code for it, and the client may well do without.
                if let Some(will) = &introduction.will
                    && !self.permits_will(Some(&identity), &will.topic)
                {
                    introduction.will = None;
                }
                self.begin(now, key, Accepted { identity, introduction, authentication: None });
            }
            Err(reason) => self.turn_away(now, key, reason),
        }
    }

    /// Refuses a log-in: CONNACK says why in one code (TRAP-22), and nothing more.
    fn turn_away(&mut self, now: Now, key: Key, reason: ReasonCode) {
        self.desk.stats.login_failed(match reason {
            ReasonCode::BadUserNameOrPassword => LoginFailure::Credentials,
            ReasonCode::NotAuthorized | ReasonCode::Banned => LoginFailure::NotAuthorized,
            ReasonCode::BadAuthenticationMethod => LoginFailure::Method,
            ReasonCode::ServerBusy => LoginFailure::Busy,
            _ => LoginFailure::Other,
        });
        self.fail(now, key, reason);
    }
}

impl Introduction {
    fn of(connect: &Connect<'_>) -> Self {
        let properties = &connect.properties;
        let will = connect.will.as_ref().map(|will| {
            let mut scratch = Vec::new();
            Box::new(Will {
                topic: will.topic.into(),
                payload: will.payload.into(),
                properties: will.properties.pass_through.bytes(&mut scratch).into(),
                qos: will.qos.level(),
                retain: will.retain,
                expiry: will.properties.message_expiry,
                delay: will.delay_interval.unwrap_or(0),
            })
        });
        Self {
            client_id: connect.client_id.into(),
            clean_start: connect.clean_start,
            keep_alive: connect.keep_alive,
            session_expiry: properties.session_expiry_interval,
            receive_maximum: properties.receive_maximum,
            packet_bytes_max: properties.maximum_packet_size,
            topic_alias_maximum: properties.topic_alias_maximum.unwrap_or(0),
            will,
        }
    }
}
