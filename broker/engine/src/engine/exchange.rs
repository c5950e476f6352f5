//! AUTH: enhanced authentication before CONNACK, and again on a connection that lives (TRAP-21).

use broker_codec::{Auth, AuthProperties, Connect, Packet, ReasonCode, Version};

use super::Engine;
use super::step::{Fatal, Step};
use crate::gate::Gate;
use crate::key::Key;
use crate::login::Login;
use crate::now::Now;
use crate::sessions::connect_request::ConnectRequest;
use crate::sessions::conversation::{
    Answered, Conversation, LogInUnderWay, METHOD_BYTES_MAX, Outcome,
};
use crate::sessions::log_in::AuthAgain;
use crate::sessions::phase::{AcceptedLogIn, Phase};
use crate::stats::End;
use crate::tried::Proof;

impl<G: Gate> Engine<G> {
    /// A CONNECT with an authentication method.
    pub(super) fn connect_with(&mut self, now: Now, key: Key, connect: &Connect<'_>, method: &str) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let login = Login::of(connect, &connection.peer);
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
                if let Some(under_way) = connection.take_log_in(auth).map_err(Fatal)? {
                    let data = auth.properties.authentication_data.unwrap_or_default();
                    self.converse(now, key, under_way, data);
                }
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
        let Answered { named, outcome } =
            self.panic_scope.run(|| conversation.step(data, bytes_max));
        // Once it is known whose account this is about, and before the client has proved anything.
        if named.is_some() && !self.tries(now, key, named, Proof::Password) {
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
        let conversation = match connection.log_in.auth_again(auth).map_err(Fatal)? {
            AuthAgain::GoesOn(conversation) => conversation,
            AuthAgain::Begins => {
                let method = auth.properties.authentication_method.unwrap_or_default();
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
        };
        let data = auth.properties.authentication_data.unwrap_or_default();
        self.converse_again(now, key, conversation, data);
        Ok(())
    }

    /// Meanwhile its other packets are handled as ever (section 4.12.1).
    fn converse_again(
        &mut self,
        now: Now,
        key: Key,
        mut conversation: Box<Conversation>,
        data: &[u8],
    ) {
        let bytes_max = self.broker.config.auth_bytes_max;
        let answered = self.panic_scope.run(|| conversation.step(data, bytes_max));
        let Some(connection) = self.sessions.get_mut(key) else { return };
        match answered.outcome {
            Outcome::Continue(data) => {
                connection.log_in.again = Some(conversation);
                self.say_auth(now, key, ReasonCode::ContinueAuthentication, &data);
            }
            Outcome::Done(identity, data) if connection.log_in.is_same_account(&identity) => {
                self.identify(key, identity);
                self.touch_subscriptions(key);
                self.say_auth(now, key, ReasonCode::Success, &data);
            }
            Outcome::Done(..) | Outcome::Refused(_) => self.refuse_again(now, key),
        }
    }

    /// What a client may receive has changed.
    fn touch_subscriptions(&self, key: Key) {
        let Some(connection) = self.sessions.get(key) else { return };
        let filters = connection.filters.keys().map(|filter| &**filter);
        self.broker.subscriptions.touch_filters(connection.org, filters);
    }

    /// A client did not prove again who it is: its connection ends.
    pub(super) fn refuse_again(&mut self, now: Now, key: Key) {
        if let Some(connection) = self.sessions.get_mut(key) {
            connection.note_unproven();
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
