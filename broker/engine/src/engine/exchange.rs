//! AUTH: enhanced authentication before CONNACK, and again on a connection that lives (TRAP-21).

use broker_codec::{Auth, AuthProperties, Connect, Packet, ReasonCode, Version};

use super::Engine;
use super::step::{Fatal, Step};
use crate::gate::Gate;
use crate::key::Key;
use crate::login::{Identity, Login, Step as Said};
use crate::now::Now;
use crate::sessions::connect_request::ConnectRequest;
use crate::sessions::phase::{AcceptedLogIn, Conversation, LogInUnderWay, Phase};
use crate::stats::End;
use crate::tried::Proof;

/// Longest name of a method. All registered ones are far shorter.
const METHOD_BYTES_MAX: usize = 128;
/// Packets of the client in one exchange.
const STEPS_MAX: u8 = 16;

/// What one step of an exchange came to.
enum Outcome {
    Continue(Vec<u8>),
    Done(Identity, Vec<u8>),
    Refused(ReasonCode),
}

impl<G: Gate> Engine<G> {
    /// A CONNECT with an authentication method.
    pub(super) fn connect_with(&mut self, now: Now, key: Key, connect: &Connect<'_>, method: &str) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let login = Login {
            client_id: connect.client_id,
            user_name: connect.user_name,
            password: connect.password,
            peer: &connection.peer,
        };
        let known = method.len() <= METHOD_BYTES_MAX;
        let begin = || self.broker.authenticate.exchange(method, &login);
        let exchange = known.then(|| self.panic_scope.run(begin)).flatten();
        let Some(exchange) = exchange else {
            return self.refuse_login(now, key, ReasonCode::BadAuthenticationMethod);
        };
        connection.log_in.method = Some(method.into());
        let conversation = Conversation::new(exchange, now.monotonic);
        let request = ConnectRequest::of(connect);
        let data = connect.properties.authentication_data.unwrap_or_default();
        self.converse(now, key, LogInUnderWay { request, conversation }, data);
    }

    /// A packet of a client that is not connected yet, but authenticates: AUTH or a good-bye.
    pub(super) fn exchange_packet(
        &mut self,
        now: Now,
        key: Key,
        packet: &Packet<'_>,
    ) -> Result<Step, Fatal> {
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(Step::Next) };
        match packet {
            Packet::Auth(auth) => {
                let method = auth.properties.authentication_method;
                let goes_on = auth.reason == ReasonCode::ContinueAuthentication
                    && method == connection.log_in.method.as_deref();
                let phase = std::mem::replace(&mut connection.phase, Phase::New);
                let Phase::Exchanging(under_way) = phase else { return Ok(Step::Next) };
                if !goes_on {
                    return Err(Fatal(ReasonCode::ProtocolError));
                }
                let data = auth.properties.authentication_data.unwrap_or_default();
                self.converse(now, key, *under_way, data);
                Ok(Step::Next)
            }
            Packet::Disconnect(_) => {
                self.count_end(key, End::Client);
                self.end(now, key);
                Ok(Step::Next)
            }
            _ => Err(Fatal(ReasonCode::ProtocolError)),
        }
    }

    fn converse(&mut self, now: Now, key: Key, under_way: LogInUnderWay, data: &[u8]) {
        let LogInUnderWay { request, mut conversation } = under_way;
        let bytes_max = self.broker.config.auth_bytes_max;
        let (named, outcome) = self.panic_scope.run(|| {
            let named = conversation.exchange.name().is_some();
            (named, conversation.step(data, bytes_max))
        });
        // Once it is known whose account this is about, and before the client has proved anything.
        if !named
            && let Some(name) = conversation.exchange.name()
            && !self.tries(now, key, Some(name.into()), Proof::Password)
        {
            return;
        }
        match outcome {
            Outcome::Continue(data) => {
                let Some(connection) = self.sessions.get_mut(key) else { return };
                let under_way = LogInUnderWay { request, conversation };
                connection.phase = Phase::Exchanging(Box::new(under_way));
                self.say_auth(now, key, ReasonCode::ContinueAuthentication, &data);
            }
            Outcome::Done(identity, data) => {
                let authentication = Some(data);
                self.accept_login(now, key, AcceptedLogIn { identity, request, authentication });
            }
            Outcome::Refused(reason) => self.refuse_login(now, key, reason),
        }
    }

    /// AUTH on a living connection.
    pub(super) fn auth(&mut self, now: Now, key: Key, auth: &Auth<'_>) -> Result<(), Fatal> {
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(()) };
        // Nobody authenticates again who did not authenticate so before [MQTT-4.12.1-1].
        let method = connection.log_in.method.as_deref();
        if method.is_none() || method != auth.properties.authentication_method {
            return Err(Fatal(ReasonCode::ProtocolError));
        }
        let conversation = match (auth.reason, connection.log_in.again.take()) {
            (ReasonCode::ContinueAuthentication, Some(conversation)) => conversation,
            (ReasonCode::ReAuthenticate, None) => {
                let method = method.unwrap_or_default();
                let login = Login {
                    client_id: &connection.client_id,
                    user_name: None,
                    password: None,
                    peer: &connection.peer,
                };
                let begin = || self.broker.authenticate.exchange(method, &login);
                let exchange = self.panic_scope.run(begin);
                let exchange = exchange.ok_or(Fatal(ReasonCode::NotAuthorized))?;
                Box::new(Conversation::new(exchange, now.monotonic))
            }
            _ => return Err(Fatal(ReasonCode::ProtocolError)),
        };
        let data = auth.properties.authentication_data.unwrap_or_default();
        self.converse_again(now, key, conversation, data)
    }

    /// Meanwhile its other packets are handled as ever (section 4.12.1).
    fn converse_again(
        &mut self,
        now: Now,
        key: Key,
        mut conversation: Box<Conversation>,
        data: &[u8],
    ) -> Result<(), Fatal> {
        let bytes_max = self.broker.config.auth_bytes_max;
        let outcome = self.panic_scope.run(|| conversation.step(data, bytes_max));
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(()) };
        match outcome {
            Outcome::Continue(data) => {
                let said = ReasonCode::ContinueAuthentication;
                connection.log_in.again = Some(conversation);
                self.say_auth(now, key, said, &data);
            }
            Outcome::Done(identity, data) => {
                // Client id, session and subscriptions belong to who came first.
                let same = |before: &Identity| {
                    before.org == identity.org && before.account == identity.account
                };
                if !connection.log_in.identity.as_ref().is_some_and(same) {
                    self.refuse_again(now, key);
                    return Ok(());
                }
                self.identify(key, identity);
                self.touch_subscriptions(key);
                self.say_auth(now, key, ReasonCode::Success, &data);
            }
            Outcome::Refused(_) => self.refuse_again(now, key),
        }
        Ok(())
    }

    /// What a client may receive has changed.
    fn touch_subscriptions(&self, key: Key) {
        let Some(connection) = self.sessions.get(key) else { return };
        let filters = connection.filters.keys().map(|filter| &**filter);
        self.broker.subscriptions.touch_filters(connection.org, filters);
    }

    /// A client did not prove again who it is: its connection ends.
    pub(super) fn refuse_again(&mut self, now: Now, key: Key) {
        if let Some(connection) = self.sessions.get_mut(key)
            && let (Some(about), Some(identity)) =
                (&mut connection.about, &connection.log_in.identity)
        {
            about.tried = Some((*identity.name).into());
        }
        self.count_failed_login(now, key, ReasonCode::NotAuthorized);
        self.fail(now, key, ReasonCode::NotAuthorized);
    }

    fn say_auth(&mut self, now: Now, key: Key, reason: ReasonCode, data: &[u8]) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let properties = AuthProperties {
            authentication_method: connection.log_in.method.as_deref(),
            authentication_data: (!data.is_empty()).then_some(data),
            ..AuthProperties::default()
        };
        let auth = Auth { reason, properties };
        let said = self.outbound.say(key, |out| auth.encode(Version::V5, out));
        if said.is_err() {
            self.fail(now, key, ReasonCode::PacketTooLarge);
        }
    }
}

impl Conversation {
    /// Lets the method look at the client's data. What it answers is bounded as well.
    fn step(&mut self, data: &[u8], bytes_max: usize) -> Outcome {
        self.steps += 1;
        if self.steps > STEPS_MAX || data.len() > bytes_max {
            return Outcome::Refused(ReasonCode::NotAuthorized);
        }
        match self.exchange.step(data) {
            Said::Continue(data) | Said::Done { data, .. } if data.len() > bytes_max => {
                Outcome::Refused(ReasonCode::ImplementationSpecificError)
            }
            Said::Continue(data) => Outcome::Continue(data),
            Said::Done { identity, data } => Outcome::Done(identity, data),
            Said::Refused(reason) => Outcome::Refused(reason),
        }
    }
}
