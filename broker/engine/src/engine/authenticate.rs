//! CONNECT, first half: the log-in. What the second half needs of the packet is kept until it is decided.

use std::time::Duration;

use broker_codec::{Connect, ReasonCode, Version};

use super::Engine;
use super::step::{Fatal, Step};

use crate::failed::FailedLogin;
use crate::gate::Gate;
use crate::guesses::Attempt;
use crate::key::Key;
use crate::login::{Identity, Login, OwnedLogin, Verdict};
use crate::now::Now;
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
        connection.version = connect.version;
        if let Some(client) = self.outbound.get_mut(key) {
            client.version = connect.version;
            // What is said before CONNACK is as short as the client asks, too.
            client.packet_bytes_max = packet_bytes_max(connect);
        }
        connection.bridge = connect.bridge && connect.version != Version::V5;
        connection.problem_information =
            connect.properties.request_problem_information.unwrap_or(true);
        if let Some(reason) = connection.refuse {
            return Err(Fatal(reason));
        }
        if self.pressure == Pressure::Full {
            self.stats.limited(Limit::Memory);
            self.fail(now, key, ReasonCode::QuotaExceeded);
            return Ok(Step::Next);
        }
        let method = connect.properties.authentication_method;
        connection.log_in.has_secret = connect.password.is_some() || method.is_some();
        if let Some(method) = method {
            // Whose account it is about is said in the exchange, and nowhere else.
            self.connect_with(now, key, connect, method);
            return Ok(Step::Next);
        }
        let login = Login {
            client_id: connect.client_id,
            user_name: connect.user_name,
            password: connect.password,
            peer: &connection.peer,
        };
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
        let address = &*connection.peer.address;
        let attempt = Attempt { address, name: name.as_deref(), proof };
        let over =
            connection.log_in.has_secret && self.broker.guesses.is_over(now.monotonic, attempt);
        if let Some(about) = &mut connection.about {
            (about.tried, about.proof) = (name, proof);
        }
        if over {
            self.stats.login_failed(LoginFailure::Guessing);
            self.fail(now, key, ReasonCode::ConnectionRateExceeded);
            return false;
        }
        true
    }

    fn log_in(&mut self, now: Now, key: Key, connect: &Connect<'_>) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let login = Login {
            client_id: connect.client_id,
            user_name: connect.user_name,
            password: connect.password,
            peer: &connection.peer,
        };
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
        match std::mem::replace(&mut connection.phase, Phase::New) {
            Phase::Asking(request) => {
                self.known(now, key, *request, known);
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
        request: ConnectRequest,
        known: Result<Identity, ReasonCode>,
    ) {
        match known {
            Ok(identity) => {
                self.accept_login(
                    now,
                    key,
                    AcceptedLogIn { identity, request, authentication: None },
                );
            }
            Err(reason) => self.refuse_login(now, key, reason),
        }
    }

    /// It is known who the client is: its log-in succeeded.
    pub(super) fn accept_login(&mut self, now: Now, key: Key, mut accepted: AcceptedLogIn) {
        let tried = self.sessions.get_mut(key).map(|connection| {
            let tried = connection.about.as_mut().and_then(|about| about.tried.take());
            (tried.filter(|_| connection.log_in.has_secret), &connection.peer.address)
        });
        if let Some((Some(name), address)) = tried {
            self.broker.guesses.succeeded(address, &name);
        }
        self.take_will(now, &mut accepted);
        self.begin(now, key, accepted);
    }

    /// Refuses a log-in. CONNACK says why in one code (TRAP-22) and nothing more. A client that guesses
    /// passwords waits for it.
    pub(super) fn refuse_login(&mut self, now: Now, key: Key, reason: ReasonCode) {
        self.refuse_login_after(now, key, reason, Duration::ZERO);
    }

    /// The same, after at least this time. A client that showed a secret is answered at a tick, whatever was
    /// wrong with it, so the time of the answer does not tell whether the name exists.
    fn refuse_login_after(&mut self, now: Now, key: Key, reason: ReasonCode, least: Duration) {
        let wait = least + self.count_failed_login(now, key, reason);
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let tells = matches!(reason, ReasonCode::BadUserNameOrPassword | ReasonCode::NotAuthorized);
        if wait.is_zero() && !(connection.log_in.has_secret && tells) {
            return self.fail(now, key, reason);
        }
        connection.phase = Phase::Refused(reason, now.monotonic + wait);
    }

    /// Counts a failed log-in, reports it to the operators, and says how long its client waits.
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
        self.stats.login_failed(failure);
        let Some(connection) = self.sessions.get(key) else { return Duration::ZERO };
        if matches!(failure, LoginFailure::Busy | LoginFailure::Other) {
            return Duration::ZERO;
        }
        let about = connection.about.as_ref();
        let name = about.and_then(|about| about.tried.as_deref());
        let proof = about.map_or(Proof::default(), |about| about.proof);
        let attempt = Attempt { address: &connection.peer.address, name, proof };
        let guess = connection.log_in.has_secret && failure != LoginFailure::Method;
        let wait = self.broker.guesses.failed(now.monotonic, attempt, guess);
        let failed = FailedLogin {
            name,
            address: host(&connection.peer.address),
            listener: &connection.peer.listener,
            reason,
        };
        self.effects.refused.extend(self.broker.failed_logins.note(now.monotonic, &failed));
        wait
    }
}

/// What a client takes at most, by its CONNECT.
pub(super) fn packet_bytes_max(connect: &Connect<'_>) -> usize {
    let max = connect.properties.maximum_packet_size;
    max.and_then(|max| usize::try_from(max.get()).ok()).unwrap_or(usize::MAX)
}

/// An address without its port.
fn host(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}
