//! CONNECT, first half: who is it? What the answer needs to outlive the packet is kept meanwhile.

use std::time::Duration;

use broker_codec::{Connect, ReasonCode, Version};

use super::receive::{Fatal, Step};
use super::{Engine, Now};
use crate::connection::{Accepted, Introduction, Phase, Will};
use crate::gate::Gate;
use crate::key::Key;
use crate::login::{Identity, Login, OwnedLogin, Verdict};
use crate::pressure::Pressure;
use crate::stats::{Limit, LoginFailure};

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
        // What is said before CONNACK is as short as the client asks, too.
        connection.outbound.packet_bytes_max = packet_bytes_max(connect);
        connection.bridge = connect.bridge && connect.version != Version::V5;
        connection.problem_information =
            connect.properties.request_problem_information.unwrap_or(true);
        if let Some(reason) = connection.refuse {
            return Err(Fatal(reason));
        }
        if self.desk.pressure == Pressure::Full {
            self.desk.stats.limited(Limit::Memory);
            self.fail(now, key, ReasonCode::QuotaExceeded);
            return Ok(Step::Next);
        }
        let method = connect.properties.authentication_method;
        connection.has_secret = connect.password.is_some() || method.is_some();
        let from = &connection.peer.address;
        if connection.has_secret
            && self.broker.guesses.is_over(now.monotonic, from, connect.user_name)
        {
            self.desk.stats.login_failed(LoginFailure::Guessing);
            self.fail(now, key, ReasonCode::ConnectionRateExceeded);
        } else if let Some(method) = method {
            self.connect_with(now, key, connect, method);
        } else {
            self.log_in(now, key, connect);
        }
        Ok(Step::Next)
    }

    fn log_in(&mut self, now: Now, key: Key, connect: &Connect<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
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
        introduction: Introduction,
        known: Result<Identity, ReasonCode>,
    ) {
        match known {
            Ok(identity) => {
                self.let_in(now, key, Accepted { identity, introduction, authentication: None });
            }
            Err(reason) => self.turn_away(now, key, reason),
        }
    }

    /// It is known who it is.
    pub(super) fn let_in(&mut self, now: Now, key: Key, mut accepted: Accepted) {
        // Here and not only when it is due, since it may outlive what is known of its client.
        // CONNACK has no code for it, and the client may well do without.
        if let Some(will) = &accepted.introduction.will
            && !self.permits_will(
                now,
                Some(&accepted.identity),
                (&accepted.introduction.client_id, will),
            )
        {
            accepted.introduction.will = None;
        }
        self.begin(now, key, accepted);
    }

    /// Refuses a log-in: CONNACK says why in one code (TRAP-22), and nothing more. Who guesses
    /// waits for it.
    pub(super) fn turn_away(&mut self, now: Now, key: Key, reason: ReasonCode) {
        let wait = self.count_failed_login(now, key, reason);
        if wait.is_zero() {
            return self.fail(now, key, reason);
        }
        if let Some(connection) = self.connections.get_mut(key) {
            connection.phase = Phase::Refused(reason, now.monotonic + wait);
        }
    }

    /// Counts a failed log-in, has it told to the operators, and says how long its client waits.
    pub(super) fn count_failed_login(
        &mut self,
        now: Now,
        key: Key,
        reason: ReasonCode,
    ) -> Duration {
        let failure = match reason {
            ReasonCode::BadUserNameOrPassword => LoginFailure::Credentials,
            ReasonCode::NotAuthorized | ReasonCode::Banned => LoginFailure::NotAuthorized,
            ReasonCode::BadAuthenticationMethod => LoginFailure::Method,
            ReasonCode::ServerBusy => LoginFailure::Busy,
            _ => LoginFailure::Other,
        };
        self.desk.stats.login_failed(failure);
        let Some(connection) = self.connections.get(key) else { return Duration::ZERO };
        if matches!(failure, LoginFailure::Busy | LoginFailure::Other) {
            return Duration::ZERO;
        }
        let name = connection.about.as_ref().and_then(|about| about.user_name.as_deref());
        let from = (&*connection.peer.address, name);
        let guess = connection.has_secret && failure != LoginFailure::Method;
        let failed = self.broker.guesses.failed(now.monotonic, from, guess);
        // The first few are told one by one, then ever fewer: strangers do not fill the log.
        if failed.number.is_power_of_two() {
            self.effects.refused.push(RefusedLogin {
                user_name: name.map(printable),
                address: connection.peer.address.clone(),
                listener: connection.peer.listener.clone(),
                reason,
                number: failed.number,
            });
        }
        failed.wait
    }
}

/// A log-in that failed, for the operators' log.
#[derive(Clone, Debug)]
pub struct RefusedLogin {
    /// User Name, without control characters and cut off where it is very long.
    pub user_name: Option<String>,
    /// Where it came from.
    pub address: Box<str>,
    /// The listener it came to.
    pub listener: Box<str>,
    /// What CONNACK says.
    pub reason: ReasonCode,
    /// How many under this name from this address have failed lately.
    pub number: u32,
}

/// What a client takes at most, by its CONNECT.
pub(super) fn packet_bytes_max(connect: &Connect<'_>) -> usize {
    let max = connect.properties.maximum_packet_size;
    max.and_then(|max| usize::try_from(max.get()).ok()).unwrap_or(usize::MAX)
}

fn printable(text: &str) -> String {
    const CHARACTERS_MAX: usize = 64;
    let visible = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(CHARACTERS_MAX).map(visible).collect()
}

impl Introduction {
    pub(super) fn of(connect: &Connect<'_>) -> Self {
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
