//! CONNECT, first half: the log-in. What the second half needs of the packet is kept until it is decided.

use std::time::Duration;

use broker_codec::{Connect, ReasonCode};

use super::Engine;
use super::step::{Fatal, Step};

use crate::gate::Gate;
use crate::key::Key;
use crate::login::{Identity, Login, OwnedLogin, Verdict};
use crate::now::Now;
use crate::outbound::receiver_limits::ReceiverLimits;
use crate::pressure::Pressure;
use crate::sessions::connect_request::ConnectRequest;
use crate::sessions::phase::{AcceptedLogIn, Phase};
use crate::stats::{Limit, LoginFailure};
use crate::tried::Proof;

impl<G: Gate> Engine<G> {
    pub(super) fn connect(
        &mut self,
        now: Now,
        key: Key,
        connect: &Connect<'_>,
    ) -> Result<Step, Fatal> {
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(Step::Next) };
        connection.note_connect(now.wall, connect);
        if let Some(client) = self.outbound.get_mut(key) {
            client.begin_connect(connect.version, &ReceiverLimits::of(connect));
        }
        if let Some(reason) = connection.refuse {
            return Err(Fatal(reason));
        }
        if self.pressure == Pressure::Full {
            self.stats.limited(Limit::Memory);
            self.fail(now, key, ReasonCode::QuotaExceeded);
            return Ok(Step::Next);
        }
        if let Some(method) = connect.properties.authentication_method {
            // Whose account it is about is said in the exchange, and nowhere else.
            self.connect_with(now, key, connect, method);
            return Ok(Step::Next);
        }
        let login = Login::of(connect, &connection.peer);
        let tried = self.panic_scope.run(|| self.broker.authenticate.tried(&login));
        let (name, proof) = (tried.name.as_deref().map(Box::from), tried.proof);
        if self.tries(now, key, name, proof) {
            self.log_in(now, key, connect);
        }
        Ok(Step::Next)
    }

    /// Notes whose account a log-in tries. If that account was guessed at too often, the log-in is refused
    /// without being checked.
    pub(super) fn tries(
        &mut self,
        now: Now,
        key: Key,
        name: Option<Box<str>>,
        proof: Proof,
    ) -> bool {
        let Some(connection) = self.sessions.get_mut(key) else { return false };
        connection.note_attempt(name, proof);
        let guesses = &self.broker.guesses;
        if connection.log_in.has_secret && guesses.is_over(now.monotonic, connection.attempt()) {
            self.stats.login_failed(LoginFailure::Guessing);
            self.fail(now, key, ReasonCode::ConnectionRateExceeded);
            return false;
        }
        true
    }

    fn log_in(&mut self, now: Now, key: Key, connect: &Connect<'_>) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let login = Login::of(connect, &connection.peer);
        let decide =
            || (ConnectRequest::of(connect), self.broker.authenticate.authenticate(&login));
        let (request, verdict) = self.panic_scope.run(decide);
        match verdict {
            Verdict::Known(known) => self.known(now, key, request, known),
            Verdict::Refused(reason, after) => self.refuse_login_after(now, key, reason, after),
            Verdict::Ask => {
                self.effects.asked.push((key, OwnedLogin::new(&login)));
                connection.phase = Phase::Asking(Box::new(request));
            }
        }
    }

    /// A log-in of [`crate::Effects::asked`] was verified.
    pub fn verified(&mut self, now: Now, key: Key, known: Result<Identity, ReasonCode>) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if let Some(request) = connection.take_verified() {
            self.known(now, key, request, known);
            self.effects.resumed.push(key);
        }
    }

    fn known(
        &mut self,
        now: Now,
        key: Key,
        request: ConnectRequest,
        known: Result<Identity, ReasonCode>,
    ) {
        match known {
            Ok(identity) => {
                let accepted = AcceptedLogIn { identity, request, authentication: None };
                self.accept_login(now, key, accepted);
            }
            Err(reason) => self.refuse_login(now, key, reason),
        }
    }

    /// It is known who the client is: its log-in succeeded.
    pub(super) fn accept_login(&mut self, now: Now, key: Key, mut accepted: AcceptedLogIn) {
        if let Some(connection) = self.sessions.get_mut(key)
            && let Some(name) = connection.take_proved_name()
        {
            self.broker.guesses.succeeded(&connection.peer.address, &name);
        }
        self.take_will(now, &mut accepted);
        self.begin(now, key, accepted);
    }

    /// Refuses a log-in. CONNACK says why in one code (TRAP-22) and nothing more. A client that guesses
    /// passwords waits for it.
    pub(super) fn refuse_login(&mut self, now: Now, key: Key, reason: ReasonCode) {
        self.refuse_login_after(now, key, reason, Duration::ZERO);
    }

    /// The same, after at least this time.
    fn refuse_login_after(&mut self, now: Now, key: Key, reason: ReasonCode, least: Duration) {
        let wait = least + self.count_failed_login(now, key, reason);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if !connection.delay_refusal(now.monotonic, reason, wait) {
            self.fail(now, key, reason);
        }
    }

    /// Counts a failed log-in, reports it to the operators, and says how long its client waits.
    pub(super) fn count_failed_login(
        &mut self,
        now: Now,
        key: Key,
        reason: ReasonCode,
    ) -> Duration {
        let failure = LoginFailure::of(reason);
        self.stats.login_failed(failure);
        let Some(connection) = self.sessions.get(key) else { return Duration::ZERO };
        if !failure.is_of_client() {
            return Duration::ZERO;
        }
        let guess = connection.log_in.has_secret && failure != LoginFailure::Method;
        let wait = self.broker.guesses.failed(now.monotonic, connection.attempt(), guess);
        let failed = connection.failed_login(reason);
        self.effects.refused.extend(self.broker.failed_logins.note(now.monotonic, &failed));
        wait
    }
}
